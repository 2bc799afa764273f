import type { KeyObject } from 'node:crypto';
import type { Logger } from 'pino';
import { cut } from './logged-error.js';
import type { Span } from './span.js';
import { createPseudonyms } from './pseudonyms.js';

interface LoggedViewer {
  readonly issuer: string;
  readonly subject: string | null;
  readonly role: string;
}

interface Logged {
  readonly viewer: LoggedViewer | null;
  readonly operation: { readonly name: string | null; readonly kind: string } | null;
  readonly cost: number | null;
  readonly durationMs: number;
  readonly codes: readonly string[];
}

interface LoggedRequest extends Logged {
  readonly id: string;
  /** Null if the client has disconnected. */
  readonly status: number | null;
  readonly correlationIds: readonly string[];
  /** Null if the request is not traced. */
  readonly span: Pick<Span, 'traceId' | 'spanId'> | null;
}

interface LoggedSubscription extends Logged {
  readonly events: number;
  readonly reason: string;
}

/** Writes a line for each request, and for each subscription when it ends. */
export interface RequestLog {
  request(request: LoggedRequest): void;
  subscription(subscription: LoggedSubscription): void;
}

const MAX_NAME = 60;

/** @param key of the pseudonyms that replace the viewers */
export function createRequestLog(log: Logger, key: KeyObject): RequestLog {
  const pseudonymOf = createPseudonyms(key);

  /** Fields that are undefined are not written. */
  function fieldsOf({ viewer, operation, cost, durationMs, codes }: Logged) {
    const name = operation?.name ?? null;
    return {
      operation: name === null ? undefined : cut(name, MAX_NAME),
      type: operation?.kind,
      role: viewer?.role,
      viewer: viewer === null ? undefined : pseudonymOf(viewer),
      cost: cost ?? undefined,
      durationMs: Math.round(durationMs * 100) / 100,
      codes: unlessEmpty(codes),
    };
  }

  return {
    request(request) {
      const { id, status, correlationIds, span } = request;
      const rest = { status: status ?? undefined, correlationIds: unlessEmpty(correlationIds) };
      const { traceId, spanId } = span ?? {};
      const msg = status === null ? 'request ended: the client has disconnected' : 'request ended';
      // As an argument of its own, the message would be searched for secrets.
      log.info({ requestId: id, ...fieldsOf(request), ...rest, traceId, spanId, msg });
    },
    subscription(subscription) {
      const { events, reason } = subscription;
      log.info({ ...fieldsOf(subscription), events, reason }, 'subscription ended');
    },
  };
}

function unlessEmpty(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}
