import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/** The action on a connection when its client sends COMMIT. */
export type AtCommit =
  /** Forward the COMMIT. */
  | 'forward'
  /** Cut the connection before PostgreSQL receives the COMMIT. */
  | 'cut-before'
  /** Forward the COMMIT, but cut the connection before the response arrives. */
  | 'cut-after'
  /** The same, and reject all connections until `up`. */
  | 'down-after';

export interface PostgresProxy {
  /** The URL of the database through the proxy. */
  readonly url: string;
  /** All SQL statements that clients have run, including BEGIN and COMMIT. */
  readonly statements: readonly string[];
  /** Sets the actions on the next COMMITs of writes, one each. Later COMMITs are forwarded. */
  readonly atCommit: (...actions: AtCommit[]) => void;
  /** Cuts all connections and rejects new ones until `up`. */
  readonly down: () => void;
  readonly up: () => void;
  /** Stops forwarding on the current connections without closing them. New ones work. */
  readonly freeze: () => void;
  /** Cuts each current connection at its next use, like a NAT that has dropped its state. New ones work. */
  readonly cutOnNextUse: () => void;
  /** Cuts the connection of the next statement that contains this text, when PostgreSQL responds to it. */
  readonly cutAfter: (text: string) => void;
  readonly close: () => Promise<void>;
}

/** Changes of the forwarded messages. */
export interface ProxyOptions {
  /** Removes the session options from start-up messages, as some poolers do. */
  readonly dropOptions?: boolean;
  /** A text in the responses and its replacement of the same length. */
  readonly replace?: readonly [string, string];
}

/**
 * A proxy between a server and PostgreSQL that reads the messages and cuts connections on demand. @param writeMarker a
 * COMMIT after a statement that contains this text is the COMMIT of a write
 */
export async function startPostgresProxy(
  databaseUrl: string,
  writeMarker = 'INSERT INTO order_events',
  { dropOptions = false, replace }: ProxyOptions = {},
): Promise<PostgresProxy> {
  const target = new URL(databaseUrl);
  const statements: string[] = [];
  let actions: AtCommit[] = [];
  let rejecting = false;
  let freezes = 0;
  let drops = 0;
  let cutText: string | null = null;
  const sockets = new Set<Socket>();

  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const down = () => {
    rejecting = true;
    cut();
  };

  const server = createServer((client) => {
    if (rejecting) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined); // expected: the proxy cuts connections
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    const frozenBefore = freezes;
    const droppedBefore = drops;
    let isStarted = !dropOptions;
    let cutAction: AtCommit = 'forward';
    let previous = '';
    const messages = new MessageReader((sql) => {
      statements.push(sql);
      // Other transactions commit in between.
      const isWrite = sql === 'COMMIT' && previous.includes(writeMarker);
      previous = sql;
      if (cutText !== null && sql.includes(cutText)) {
        cutText = null;
        return 'cut-after';
      }
      return isWrite ? (actions.shift() ?? 'forward') : 'forward';
    });
    client.on('data', (chunk) => {
      if (frozenBefore !== freezes) return;
      if (droppedBefore !== drops) {
        client.destroy();
        return;
      }
      const action = messages.read(chunk);
      if (action === 'cut-before') {
        client.destroy();
        return;
      }
      if (action === 'cut-after' || action === 'down-after') cutAction = action;
      upstream.write(isStarted ? chunk : withoutOptions(chunk));
      isStarted = true;
    });
    upstream.on('data', (chunk) => {
      if (frozenBefore !== freezes) return;
      if (cutAction === 'forward') {
        client.write(replace === undefined ? chunk : replaced(chunk, replace));
        return;
      }
      // PostgreSQL has responded, so the COMMIT is complete.
      if (cutAction === 'down-after') down();
      else client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url: url.href,
    statements,
    atCommit: (...next) => {
      actions = next;
    },
    down,
    freeze: () => {
      freezes += 1;
    },
    cutOnNextUse: () => {
      drops += 1;
    },
    cutAfter: (text) => {
      cutText = text;
    },
    up: () => {
      rejecting = false;
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The start-up message without the parameter `options`. */
function withoutOptions(message: Buffer): Buffer {
  const words = message.subarray(8).toString('latin1').split('\0'); // after the length and the protocol version
  const at = words.indexOf('options');
  if (at >= 0) words.splice(at, 2);
  const body = Buffer.concat([message.subarray(4, 8), Buffer.from(words.join('\0'), 'latin1')]);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}

function replaced(chunk: Buffer, [from, to]: readonly [string, string]): Buffer {
  if (from.length !== to.length) throw new Error('the replacement must have the same length');
  return Buffer.from(chunk.toString('latin1').replaceAll(from, to), 'latin1');
}

/** Parses the messages of one client to find the statement of each Query and Execute message. */
class MessageReader {
  #rest = Buffer.alloc(0);
  #started = false;
  #bound = '';
  readonly #prepared = new Map<string, string>();

  constructor(readonly onStatement: (sql: string) => AtCommit) {}

  read(chunk: Buffer): AtCommit {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    let action: AtCommit = 'forward';
    for (;;) {
      const typed = this.#started ? 1 : 0; // the first message has no type
      if (this.#rest.length < typed + 4) return action;
      const length = this.#rest.readInt32BE(typed) + typed;
      if (this.#rest.length < length) return action;
      const message = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      if (typed === 0) this.#started = true;
      else {
        const next = this.#handle(String.fromCharCode(message[0] ?? 0), message.subarray(5));
        if (next !== 'forward') action = next;
      }
    }
  }

  #handle(type: string, body: Buffer): AtCommit {
    const [first = '', second = ''] = body.toString('latin1').split('\0', 2);
    if (type === 'P') this.#prepared.set(first, second);
    else if (type === 'B') this.#bound = this.#prepared.get(second) ?? '';
    else if (type === 'E') return this.onStatement(this.#bound);
    else if (type === 'Q') return this.onStatement(first);
    return 'forward';
  }
}
