import { causesOf, sqlStateOf } from '../observability/sql-state.js';

/** What a failed statement or transaction means for the batch it belonged to. */
export type FailureKind =
  /** The database rejected a row (SQLSTATE classes 22, 23). Bisection finds the command. */
  | 'data'
  /** Serialization failure or deadlock. Retried once. */
  | 'conflict'
  /** A lock was not obtained in time. */
  | 'lock'
  /** The database cannot run the statement: cancelled, no free connection, out of resources, starting, or its files or disk fail. */
  | 'unavailable'
  /** An internal error (class XX): a corrupted row or index, or a defect of PostgreSQL. */
  | 'internal-error'
  /** The connection was lost, or not established. Retried once over another connection. */
  | 'connection'
  /** Anything else: a defect of this server. */
  | 'unexpected';

export interface Failure {
  readonly kind: FailureKind;
  readonly sqlState: string | null;
}

const CONNECTION_KINDS = new Set([
  'ConnectionClosed',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TlsConnectionError',
  'TransactionAlreadyClosed',
]);

/** Messages of `pg` and Prisma for a lost or unobtainable connection, which carry no code. */
const CONNECTION_MESSAGE =
  /Connection terminated|connection timeout|Client has encountered a connection error|Can't reach database server|Server has closed the connection|Connection ended unexpectedly|Transaction already closed|Transaction API error|read ECONNRESET|write EPIPE|socket hang up/i;

/** The same for the time-out of waiting for a free connection of the pool. */
const NO_CONNECTION_MESSAGE =
  /timeout exceeded when trying to connect|Unable to start a transaction in the given time/i;

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EHOSTDOWN',
  'EAI_AGAIN',
]);

/** Prisma's codes: cannot reach, timed out, closed, transaction API (expired or not obtained in time). */
const CONNECTION_PRISMA_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028']);

/** Classifies database errors by SQLSTATE, never by the name of a constraint. */
export function classify(error: unknown): Failure {
  const sqlState = sqlStateOf(error);
  if (sqlState !== null) return { kind: kindOf(sqlState), sqlState };
  for (const cause of causesOf(error)) {
    const { code, kind, message } = cause;
    if (typeof message === 'string' && NO_CONNECTION_MESSAGE.test(message))
      return { kind: 'unavailable', sqlState: null };
    if (typeof code === 'string' && (NETWORK_CODES.has(code) || CONNECTION_PRISMA_CODES.has(code))) return lost;
    if (typeof kind === 'string' && CONNECTION_KINDS.has(kind)) return lost;
    if (code === 'P2034') return { kind: 'conflict', sqlState: null };
    if (typeof message === 'string' && CONNECTION_MESSAGE.test(message)) return lost;
  }
  return { kind: 'unexpected', sqlState: null };
}

const lost: Failure = { kind: 'connection', sqlState: null };

/** Idle in a transaction for too long; ended by an administrator, a crash or an idle time-out. */
const SESSION_ENDED = new Set(['25P03', '57P01', '57P02', '57P05']);
/** Out of resources, system errors such as a missing file. */
const UNAVAILABLE_CLASSES = new Set(['53', '58']);
/** A primary that has become a standby, a cancelled statement, a server that starts, a dropped database. */
const UNAVAILABLE = new Set(['25006', '57014', '57P03', '57P04']);

function kindOf(sqlState: string): FailureKind {
  if (sqlState.startsWith('22') || sqlState.startsWith('23')) return 'data';
  if (sqlState === '40001' || sqlState === '40P01') return 'conflict';
  if (sqlState === '55P03') return 'lock';
  if (sqlState.startsWith('XX')) return 'internal-error';
  if (SESSION_ENDED.has(sqlState) || sqlState.startsWith('08')) return 'connection';
  if (UNAVAILABLE_CLASSES.has(sqlState.slice(0, 2)) || UNAVAILABLE.has(sqlState)) return 'unavailable';
  return 'unexpected';
}
