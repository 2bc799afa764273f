import type { WebSocket } from 'ws';
import { expect, onTestFinished, test, vi } from 'vitest';
import { authenticateConnection } from '../../src/http/authenticate-connection.js';
import type { Connection } from '../../src/http/websocket-connection.js';

test('an expiry in 60 days does not close a websocket early, and its timer ends with the websocket', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const days = (count: number) => count * 24 * 3_600_000;
  const closed = vi.fn<WebSocket['close']>();
  const listeners: (() => void)[] = [];
  const socket = { close: closed, once: (_event: string, listener: () => void) => listeners.push(listener) };
  const connection = { socket, gone: new AbortController().signal, identity: null } as unknown as Connection;
  const viewer = { issuer: '', subject: 'ann', roles: [] };
  const identity = { viewer, expiresAt: Date.now() + days(60) };
  expect(await authenticateConnection(connection, {}, () => Promise.resolve(identity))).toBe(true);
  await vi.advanceTimersByTimeAsync(days(59));
  expect(closed).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(days(1) + 2_000);
  expect(closed).toHaveBeenCalledExactlyOnceWith(4403, 'The token has expired.');

  await authenticateConnection(connection, {}, () =>
    Promise.resolve({ ...identity, expiresAt: Date.now() + days(60) }),
  );
  for (const listener of listeners) listener();
  expect(vi.getTimerCount()).toBe(0);
});
