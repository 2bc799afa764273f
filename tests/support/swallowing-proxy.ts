import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface SwallowingProxy {
  /** The URL of the server through the proxy. */
  readonly url: string;
  /**
   * Drops everything that either side of the current connections sends, and closes none of them, like a router that lost
   * its state. New connections work.
   *
   * @returns resolves when the server has closed them all
   */
  readonly swallow: () => Promise<void>;
}

/** A TCP proxy in front of a server that leaves connections half-open. */
export async function startSwallowingProxy(url: string): Promise<SwallowingProxy> {
  const target = new URL(url);
  const pairs = new Set<{ readonly client: Socket; readonly upstream: Socket }>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const pair = { client, upstream };
    pairs.add(pair);
    const end = () => {
      if (!pairs.delete(pair)) return; // swallowed
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const swallowed = new Set<Socket>();
  onTestFinished(() => {
    for (const { client, upstream } of pairs) for (const socket of [client, upstream]) socket.destroy();
    for (const socket of swallowed) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const through = new URL(url);
  through.host = `127.0.0.1:${port}`;
  return {
    url: through.href,
    async swallow() {
      const closed = [...pairs].map(async ({ client, upstream }) => {
        for (const socket of [client, upstream]) {
          socket.unpipe();
          socket.resume(); // reads and drops
          swallowed.add(socket);
        }
        await new Promise((resolve) => upstream.once('close', resolve));
      });
      pairs.clear();
      await Promise.all(closed);
    },
  };
}
