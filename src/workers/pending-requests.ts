/** Requests over the channel between the supervisor and a worker. */
export interface PendingRequests<Reply> {
  /**
   * @param send sends the request with this number
   * @returns null if no reply arrives in time, for example because the other process hangs or has ended
   */
  start(send: (request: number) => void): Promise<Reply | null>;
  /** The reply to a request has arrived. */
  settle(request: number, reply: Reply): void;
}

export function createPendingRequests<Reply>(timeoutMs: number): PendingRequests<Reply> {
  const waiting = new Map<number, (reply: Reply | null) => void>();
  let last = 0;
  return {
    start(send) {
      const request = (last += 1);
      return new Promise((resolve) => {
        const timer = setTimeout(() => settle(request, null), timeoutMs);
        waiting.set(request, (reply) => {
          clearTimeout(timer);
          resolve(reply);
        });
        send(request);
      });
    },
    settle,
  };

  function settle(request: number, reply: Reply | null): void {
    waiting.get(request)?.(reply);
    waiting.delete(request);
  }
}
