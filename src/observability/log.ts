import { pino, type DestinationStream, type LevelWithSilent, type Logger } from 'pino';
import { currentSpan } from './span.js';
import { cut, describeError, maskSecrets, type LoggedError } from './logged-error.js';

export interface LogOptions {
  readonly level: LevelWithSilent;
  /** Destination of the lines. Default: stderr. */
  readonly destination?: DestinationStream;
}

/** Creates the logger of the server, the commands and the tests: JSON lines of at most `MAX_LINE_BYTES`. */
export function createLog({ level, destination = pino.destination(2) }: LogOptions): Logger {
  return pino(
    {
      level,
      base: { service: 'ordergraph' },
      mixin: traceFields,
      serializers: { err: describeError },
      hooks: {
        logMethod(args, method) {
          method.apply(this, args.map((arg: unknown) => (typeof arg === 'string' ? maskSecrets(arg) : arg)) as never);
        },
        streamWrite: shorten,
      },
    },
    destination,
  );
}

/** Of the lines that are written during a sampled request. */
function traceFields(): object {
  const span = currentSpan();
  return span === null ? {} : { traceId: span.traceId, spanId: span.spanId };
}

export const MAX_LINE_BYTES = 4_096;

/** UTF-8 bytes of one UTF-16 code unit. */
const MOST_BYTES_OF_A_UNIT = 3;

/** Two texts of this length fit into a line, even if JSON escapes each character with six bytes. */
const MAX_TEXT = 250;

interface Line {
  readonly level: number;
  readonly time: number;
  readonly service?: unknown;
  readonly correlationId?: unknown;
  readonly traceId?: unknown;
  readonly spanId?: unknown;
  readonly msg?: unknown;
  readonly err?: Partial<LoggedError>;
}

/** Shortens a line that is too long to the fields that identify the failure. */
function shorten(line: string): string {
  if (line.length <= MAX_LINE_BYTES / MOST_BYTES_OF_A_UNIT || Buffer.byteLength(line) <= MAX_LINE_BYTES) return line;
  const { level, time, service, correlationId, traceId, spanId, msg = '', err } = JSON.parse(line) as Line;
  const short = {
    level,
    time,
    service,
    correlationId,
    traceId,
    spanId,
    err: err === undefined ? undefined : shortError(err),
    msg: cut(String(msg), MAX_TEXT),
    shortened: true,
  };
  return `${JSON.stringify(short)}\n`;
}

function shortError({ type, message = '', code, sqlState }: Partial<LoggedError>): Partial<LoggedError> {
  return { type: type ?? '', message: cut(message, MAX_TEXT), code, sqlState };
}
