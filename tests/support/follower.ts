import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { openWebsocket, type Message, type OpenWebsocket } from './websocket.js';

export interface FollowedEvent {
  readonly orderId: string;
  readonly version: number;
  readonly type: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly resumeCursor: string;
}

export const EVENT_FIELDS = 'orderId version type from to resumeCursor';

export interface FollowerOptions {
  /** The field with its arguments except `after` and `snapshot`, such as `orderChanged` or `orderChanged(orderId: "…")`. */
  readonly field?: string;
  readonly token?: string;
  readonly snapshot?: boolean;
  readonly after?: string | null;
}

const RECONNECT_MS = 50;

/** A subscriber that keeps all events it has received, and resumes with the cursor of the last one after an interruption. */
export class Follower {
  readonly events: FollowedEvent[] = [];
  readonly errors: { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> }[] = [];
  #websocket: OpenWebsocket | null = null;
  #after: string | null;

  constructor(
    readonly url: string,
    readonly options: FollowerOptions = {},
  ) {
    this.#after = options.after ?? null;
    onTestFinished(() => this.interrupt());
  }

  /** Subscribes; resolves when the subscription is set up. */
  async connect(): Promise<this> {
    const { field = 'orderChanged', token, snapshot = false } = this.options;
    const websocket = await openWebsocket(this.url, { init: false });
    this.#websocket = websocket;
    websocket.send({
      type: 'connection_init',
      payload: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    await websocket.until(({ type }) => type === 'connection_ack');
    websocket.socket.on('message', (data) => {
      if (this.#websocket === websocket) this.#receive(JSON.parse((data as Buffer).toString('utf8')) as Message);
    });
    const isFirst = this.#after === null;
    const own = isFirst && snapshot ? 'snapshot: true' : 'after: $after';
    const selection = field.endsWith(')') ? `${field.slice(0, -1)}, ${own})` : `${field}(${own})`;
    const declared = own === 'after: $after' ? '($after: String)' : '';
    const query = `subscription ${declared} { event: ${selection} { ${EVENT_FIELDS} } }`;
    websocket.send({
      type: 'subscribe',
      id: randomUUID(),
      payload: { query, variables: isFirst ? {} : { after: this.#after } },
    });
    websocket.send({ type: 'ping' });
    await websocket.until(({ type }) => type === 'pong');
    return this;
  }

  #receive({ payload }: Message): void {
    if (Array.isArray(payload)) this.errors.push(...(payload as Follower['errors']));
    const { data, errors } = (payload ?? {}) as { data?: { event: FollowedEvent } | null; errors?: Follower['errors'] };
    if (errors !== undefined) this.errors.push(...errors);
    const lastCursor = errors?.[0]?.extensions['lastCursor'];
    if (typeof lastCursor === 'string') this.#after = lastCursor;
    if (data === undefined || data === null) return;
    this.events.push(data.event);
    this.#after = data.event.resumeCursor;
  }

  /** Subscribes again whenever the connection ends, until the signal aborts. Call `connect` first. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#websocket?.closed;
      await sleep(RECONNECT_MS);
      if (!signal.aborted) await this.connect().catch(() => undefined); // no server accepts the connection, or it ended meanwhile
    }
  }

  /** Loses the connection: what is on its way is not received. */
  interrupt(): void {
    this.#websocket?.socket.terminate();
    this.#websocket = null;
  }

  /** Orders and versions, as `id version`. */
  get versions(): string[] {
    return this.events.map(({ orderId, version }) => `${orderId} ${version}`);
  }
}
