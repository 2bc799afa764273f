import type { ApolloServerPlugin } from '@apollo/server';
import type { FormattedExecutionResult } from 'graphql';
import type { Context } from '../graphql/context.js';

/**
 * Rejects responses larger than `maxBytes`. The response to a stored write is always sent: the client must learn what was
 * stored, and the cost limit bounds its size.
 */
export function createResponseBound(maxBytes: number) {
  const texts = new WeakMap<object, string>(); // a measured response is not serialised again

  const plugin: ApolloServerPlugin<Context> = {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse({ response, contextValue: { stored } }) {
          const { body, http } = response;
          if (body.kind !== 'single') return Promise.resolve();
          const text = serialize(body.singleResult);
          const fits = text.length <= maxBytes / MOST_BYTES_OF_A_UNIT || Buffer.byteLength(text) <= maxBytes;
          if (fits || stored.size > 0) {
            texts.set(identityOf(body.singleResult), text);
          } else {
            body.singleResult = { errors: [tooLarge(maxBytes)] };
            http.status = 400;
          }
          return Promise.resolve();
        },
      }),
  };

  return {
    plugin,
    stringify: (result: FormattedExecutionResult) => texts.get(identityOf(result)) ?? serialize(result),
  };
}

/** Errors come first, so that a person sees them at once. */
function serialize({ errors, data, extensions }: FormattedExecutionResult): string {
  return `${JSON.stringify({ errors, data, extensions })}\n`;
}

/** Apollo makes a shallow copy of a result before serialising it. */
function identityOf(result: FormattedExecutionResult): object {
  return result.data ?? result.errors ?? result;
}

/** UTF-8 bytes of one UTF-16 code unit. */
const MOST_BYTES_OF_A_UNIT = 3;

function tooLarge(maxBytes: number) {
  const message = `The response must have at most ${maxBytes} bytes; it is larger. Request smaller pages or fewer fields.`;
  return { message, extensions: { code: 'BAD_USER_INPUT', maxBytes } };
}
