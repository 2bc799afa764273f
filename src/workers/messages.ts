/** What a worker sends to the supervisor. */
export interface WorkerReady {
  readonly kind: 'ready';
  readonly url: string;
}

/** What the supervisor sends to a worker. A message also works where there are no signals. */
export interface StopWorker {
  readonly kind: 'stop';
}

/** Whether a message that arrived over the channel has this kind. Node.js itself uses the channel, too. */
export function isMessage<M extends { readonly kind: string }>(message: unknown, kind: M['kind']): message is M {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === kind;
}
