import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/** What to do with a connection when its client sends COMMIT. */
export type AtCommit =
  /** Let it through. */
  | 'forward'
  /** Cut the connection; the server never sees the COMMIT. */
  | 'cut-before'
  /** Let the server commit, but cut the connection before its answer arrives. */
  | 'cut-after'
  /** The same, and be away from then on, until `up`. */
  | 'down-after';

export interface PostgresProxy {
  /** The database's URL, through the proxy. */
  readonly url: string;
  /** SQL statements that clients have run so far, with BEGIN, COMMIT and the like. */
  readonly statements: readonly string[];
  /** How the next COMMITs of writes are treated, one each; then they are let through again. */
  readonly atCommit: (...actions: AtCommit[]) => void;
  /** Rejects new connections and cuts the present ones, until `up`. */
  readonly down: () => void;
  readonly up: () => void;
  /** Lets nothing more through on the present connections, without closing them; new ones work. */
  readonly freeze: () => void;
  /** Cuts each of the present connections as soon as it is used again, as a NAT that has forgotten it does; new ones work. */
  readonly forget: () => void;
  /** Cuts the connection of the next statement that contains this text, once the server has answered it. */
  readonly cutAfter: (text: string) => void;
  readonly close: () => Promise<void>;
}

/** What a proxy changes of what passes. */
export interface Tampering {
  /** Leave out the session's options when a connection starts, as some poolers do. */
  readonly dropOptions?: boolean;
  /** A text in the server's answers, and another one of the same length to put in its place. */
  readonly replace?: readonly [string, string];
}

/** Sits between a server and PostgreSQL, reads the messages that pass, and cuts connections where a test says so. */
export async function startPostgresProxy(
  databaseUrl: string,
  meets = 'INSERT INTO order_events',
  { dropOptions = false, replace }: Tampering = {},
): Promise<PostgresProxy> {
  const target = new URL(databaseUrl);
  const statements: string[] = [];
  let actions: AtCommit[] = [];
  let rejecting = false;
  let generation = 0;
  let remembered = 0;
  let last: string | null = null;
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
      socket.on('error', () => undefined); // cutting connections is what this is for
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    const born = generation;
    const known = remembered;
    let isStarted = !dropOptions;
    let muted: AtCommit = 'forward';
    let previous = '';
    const messages = new MessageReader((sql) => {
      statements.push(sql);
      // Only COMMITs of what is meant are met: others come in between.
      const isWrite = sql === 'COMMIT' && previous.includes(meets);
      previous = sql;
      if (last !== null && sql.includes(last)) {
        last = null;
        return 'cut-after';
      }
      return isWrite ? (actions.shift() ?? 'forward') : 'forward';
    });
    client.on('data', (chunk) => {
      if (born !== generation) return;
      if (known !== remembered) {
        client.destroy();
        return;
      }
      const action = messages.read(chunk);
      if (action === 'cut-before') {
        client.destroy();
        return;
      }
      if (action === 'cut-after' || action === 'down-after') muted = action;
      upstream.write(isStarted ? chunk : withoutOptions(chunk));
      isStarted = true;
    });
    upstream.on('data', (chunk) => {
      if (born !== generation) return;
      if (muted === 'forward') {
        client.write(replace === undefined ? chunk : replaced(chunk, replace));
        return;
      }
      // The COMMIT was answered, so it is done.
      if (muted === 'down-after') down();
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
      generation += 1;
    },
    forget: () => {
      remembered += 1;
    },
    cutAfter: (text) => {
      last = text;
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

/** A start-up message without the parameter `options`. */
function withoutOptions(message: Buffer): Buffer {
  const words = message.subarray(8).toString('latin1').split('\0'); // after the length and the protocol's version
  const at = words.indexOf('options');
  if (at >= 0) words.splice(at, 2);
  const body = Buffer.concat([message.subarray(4, 8), Buffer.from(words.join('\0'), 'latin1')]);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}

function replaced(chunk: Buffer, [from, to]: readonly [string, string]): Buffer {
  if (from.length !== to.length) throw new Error('the length of an answer must not change');
  return Buffer.from(chunk.toString('latin1').replaceAll(from, to), 'latin1');
}

/** Follows one client's side of the protocol: which statement each Query or Execute message runs. */
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
