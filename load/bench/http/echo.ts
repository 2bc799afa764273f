// node:http alone, with the requests of another server and answers of the same size.
import path from 'node:path';
import type { Contestant } from './cells.ts';
import { startChildServer } from './child-server.ts';
import type { GraphqlServer } from './graphql-server.ts';
import { prepareWrk } from './wrk.ts';

export interface EchoOptions {
  readonly like: GraphqlServer;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly stack: AsyncDisposableStack;
}

export async function startEcho({ like, folder, signal, stack }: EchoOptions): Promise<Contestant> {
  const args = [path.join(import.meta.dirname, 'echo-server.ts')];
  const { url, pid } = stack.use(await startChildServer({ name: 'echo', args, env: {}, folder }));
  return {
    name: 'echo',
    pid,
    async prepare(cell, load) {
      const { requests, answer } = await like.requestsOf(cell, load);
      const own = { url: new URL(`/${answer.length}`, url).href, repeated: true, expected: '', size: answer.length };
      const run = await prepareWrk({ ...requests, ...own }, folder, signal);
      return { run: () => run(load), verify: () => Promise.resolve(null) };
    },
  };
}
