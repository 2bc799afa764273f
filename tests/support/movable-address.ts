import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** An address of a database that can be given to another one, like a DNS name at a failover. */
export interface MovableAddress {
  readonly url: string;
  /** Cuts all connections and rejects new ones. */
  readonly cut: () => void;
  /** Forwards connections to this database. */
  readonly moveTo: (databaseUrl: string) => void;
}

export async function movableAddressForTest(databaseUrl: string): Promise<MovableAddress> {
  let target: URL | null = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    if (target === null) return void client.destroy();
    const upstream = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    target = null;
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    cut,
    moveTo: (other) => {
      target = new URL(other);
    },
  };
}
