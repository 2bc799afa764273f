import { keyOfViewer } from '../rate-limit/client-key.js';
import type { Connection } from './websocket-connection.js';

/** Close code for a viewer with too many websockets. */
export const TOO_MANY_SOCKETS = 4414;

/** Limits the number of open websockets of one viewer. Viewers without a subject are not limited. */
export function createViewerSockets(most: number): (connection: Connection) => void {
  const open = new Map<string, number>();
  return ({ identity, socket, gone }) => {
    const key = identity === null ? null : keyOfViewer(identity.viewer);
    if (key === null || gone.aborted) return;
    const count = open.get(key) ?? 0;
    if (count >= most) {
      socket.close(TOO_MANY_SOCKETS, `A viewer must have at most ${most} websockets`);
      return;
    }
    open.set(key, count + 1);
    gone.addEventListener('abort', () => {
      const left = (open.get(key) ?? 1) - 1;
      if (left > 0) open.set(key, left);
      else open.delete(key);
    });
  };
}
