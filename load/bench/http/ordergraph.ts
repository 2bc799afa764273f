// The server of this tree, or of another commit, with everything on.
import path from 'node:path';
import { startChildServer, type ChildServer } from './child-server.ts';

/** @param tree the folder of a built tree */
export async function startOrdergraph(
  name: string,
  tree: string,
  database: string,
  folder: string,
): Promise<ChildServer> {
  const env = { PORT: '0', DATABASE_URL: database, DATABASE_MIGRATE: 'always', LOG_LEVEL: 'info' };
  return startChildServer({ name, args: [path.join(tree, 'dist/main.js')], env, folder });
}
