import type { Logger } from 'pino';
import { createClient, ErrorReply } from 'redis';
import { createFailureLog } from '../observability/failure-log.js';
import type { PartState } from '../observability/part-monitor.js';
import { inChildSpan } from '../observability/span.js';
import { RedisTimeout, within } from './time-limit.js';

export interface RedisConnectionOptions {
  readonly url: string;
  readonly log: Logger;
  /** Maximum duration of commands, in milliseconds. */
  readonly commandTimeoutMs?: number;
}

export type RedisClient = ReturnType<typeof newClient>;

/** The connection that all parts of the server share. It may fail at any time; the server then continues without it. */
export interface RedisConnection {
  /**
   * Runs commands. Never rejects: a failure is logged.
   *
   * @param name of the commands in traces
   * @returns null if they failed or took too long, and at once while Redis is known to fail
   */
  run<T>(commands: (client: RedisClient) => Promise<T>, name?: string): Promise<T | null>;
  /** `failing` while commands fail at once. */
  readonly state: () => PartState;
  close(): void;
}

/** Requests wait for the commands, so a slow one counts as a failure. */
const COMMAND_TIMEOUT_MS = 50;
const CONNECT_TIMEOUT_MS = 2_000;
/** Number of consecutive time-outs after which the connection is closed. */
const MAX_TIMEOUTS = 3;
/** Time between two checks of the connection, and before a new connection. */
const PAUSE_MS = 1_000;
const MAX_QUEUED_COMMANDS = 20_000;

const FAILED = 'Redis failed; requests continue without it';
const REJECTED = 'Redis rejected a command; requests continue without it';
const WORKED = 'Redis works again';

/**
 * Opens the connection in the background. Its states:
 * - connecting: no client is ready, and commands fail at once.
 * - ready: commands run. A PING each second finds a server that does not respond, also without requests.
 * - paused: the connection failed, and the next one is opened after a second. Commands fail at once.
 *
 * Only the connection itself tests whether Redis works again, so no request waits for that. A new connection replaces a hung
 * one, because commands in the queue of the latter would delay its recovery.
 */
export function createRedisConnection(options: RedisConnectionOptions): RedisConnection {
  const { url, log, commandTimeoutMs = COMMAND_TIMEOUT_MS } = options;
  const failures = createFailureLog(log);
  const rejections = createFailureLog(log); // such as "out of memory": Redis responds, and other commands may succeed
  let current: RedisClient | null = null; // connecting or ready
  let isReady = false;
  let timeouts = 0;
  let timer: NodeJS.Timeout | undefined;

  async function connect(client: RedisClient): Promise<void> {
    current = client;
    client.on('error', (cause) => disconnect(client, cause));
    try {
      await within(CONNECT_TIMEOUT_MS, client.connect());
      await within(commandTimeoutMs, client.ping());
      if (client !== current) return; // it failed or was closed meanwhile
      isReady = true;
      timeouts = 0;
      schedule(check);
    } catch (cause) {
      disconnect(client, cause);
    }
  }

  /** Ends a connection that failed, and opens the next one later. */
  function disconnect(client: RedisClient, cause: unknown): void {
    if (client !== current) return;
    release();
    failures.failed(cause, FAILED);
    schedule(() => connect(newClient(url)));
  }

  /** Ends the connection. The client ignores what happens to it later, so nothing is scheduled after `close`. */
  function release(): void {
    const client = current;
    current = null;
    isReady = false;
    clearTimeout(timer);
    if (client?.isOpen === true) client.destroy(); // rejects its commands
  }

  async function check(): Promise<void> {
    if ((await run((client) => client.ping())) !== null) failures.worked(WORKED);
    if (isReady) schedule(check);
  }

  function schedule(next: () => Promise<void>): void {
    timer = setTimeout(() => void next(), PAUSE_MS).unref();
  }

  async function run<T>(commands: (client: RedisClient) => Promise<T>, name = 'command'): Promise<T | null> {
    const client = current;
    if (client === null || !isReady) return null;
    try {
      const attributes = { 'db.system.name': 'redis', 'db.operation.name': name };
      const result = await inChildSpan(name, { kind: 'client', attributes }, () =>
        within(commandTimeoutMs, commands(client)),
      );
      timeouts = 0;
      return result;
    } catch (cause) {
      if (client === current) report(client, cause);
      return null;
    }
  }

  function report(client: RedisClient, cause: unknown): void {
    if (cause instanceof ErrorReply) return rejections.failed(cause, REJECTED);
    if (cause instanceof RedisTimeout) timeouts += 1;
    if (timeouts >= MAX_TIMEOUTS) disconnect(client, cause);
    else failures.failed(cause, FAILED);
  }

  void connect(newClient(url)); // throws if the URL is invalid
  return { run, state: () => (isReady ? 'ok' : 'failing'), close: release };
}

function newClient(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_QUEUED_COMMANDS,
    socket: { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false },
  });
}
