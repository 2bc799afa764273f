import { existsSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { PLAYGROUND_HEADERS } from './security-headers.js';

/** The build of `src/playground`. It loads nothing from other servers, so it works offline. */
const FOLDER = path.resolve(import.meta.dirname, '../../dist/playground');

/** Files with a content hash in their name never change. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** Serves GraphiQL at `/`, compressed at build time. */
export function servePlayground(app: FastifyInstance): void {
  if (!existsSync(path.join(FOLDER, 'index.html'))) return; // a build without the playground, as in tests, has no page at /
  void app.register(fastifyStatic, {
    root: FOLDER,
    preCompressed: true,
    index: false,
    setHeaders(reply, file) {
      const isHashed = file.includes(`${path.sep}assets${path.sep}`);
      void reply.header('cache-control', isHashed ? FOR_EVER : 'no-cache');
      for (const [name, value] of Object.entries(PLAYGROUND_HEADERS)) void reply.header(name, value);
    },
  });
  app.get('/', (_request, reply) => reply.sendFile('index.html'));
}
