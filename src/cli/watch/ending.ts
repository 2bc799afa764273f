import { CloseCode } from 'graphql-ws';
import { CommandError } from '../command-error.js';
import { EXIT_STATUS } from './exit-status.js';

/** Why a subscription or a page ended: it is started again, its cursor has expired, or the command ends. */
export type Ending =
  | { readonly kind: 'interrupted'; readonly message: string; readonly lastCursor: string | null }
  | { readonly kind: 'expired'; readonly error: CommandError }
  | { readonly kind: 'failed'; readonly error: CommandError };

export interface GraphQLProblem {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly lastCursor?: string | null };
}

/** Errors after which the same subscription can succeed later. */
const TEMPORARY = new Set(['SLOW_CONSUMER', 'THROTTLED', 'OVERLOADED', 'SERVICE_UNAVAILABLE', 'INTERNAL_SERVER_ERROR']);

export function endingByErrors([first]: readonly GraphQLProblem[]): Ending {
  const { message = 'The server reported an unknown error.', extensions } = first ?? {};
  const code = extensions?.code ?? '';
  if (TEMPORARY.has(code)) return interrupted(message, extensions?.lastCursor);
  if (code === 'CURSOR_EXPIRED') {
    return { kind: 'expired', error: new CommandError(EXIT_STATUS.expiredCursor, message) };
  }
  if (code === 'UNAUTHENTICATED') return failed(EXIT_STATUS.rejectedToken, `${message} Set --token.`);
  return failed(code === 'FORBIDDEN' ? EXIT_STATUS.rejectedToken : EXIT_STATUS.invalidArguments, message);
}

/** @param cause what the socket reports: a close event, or an error event if the connection failed */
export function endingByClose(cause: unknown, url: string, wasConnected: boolean): Ending {
  const { code, reason, message } = cause as Partial<Record<'code' | 'reason' | 'message', unknown>>;
  if (code === CloseCode.Forbidden) {
    return failed(
      EXIT_STATUS.rejectedToken,
      `The server at ${url} closed the connection. ${String(reason)} Set --token.`,
    );
  }
  if (code === CloseCode.BadRequest || code === CloseCode.SubprotocolNotAcceptable) {
    return failed(1, `The server at ${url} closed the connection: ${String(reason)}.`);
  }
  const status = /^Unexpected server response: (\d+)$/.exec(String(message))?.[1];
  if (status !== undefined) return endingByStatus(Number(status), url);
  return interrupted(wasConnected ? `The connection to ${url} was lost.` : `No server responds at ${url}.`);
}

/** @param status of an HTTP response that is not one of GraphQL */
export function endingByStatus(status: number, url: string): Ending {
  const message = `The server at ${url} responds with the HTTP status ${status}.`;
  const isTemporary = status >= 500 || status === 408 || status === 429;
  return isTemporary ? interrupted(message) : failed(1, message);
}

/** @param lastCursor where the next subscription begins, if the server says it */
export function interrupted(message: string, lastCursor: string | null = null): Ending {
  return { kind: 'interrupted', message, lastCursor };
}

function failed(exitStatus: number, message: string): Ending {
  return { kind: 'failed', error: new CommandError(exitStatus, message) };
}
