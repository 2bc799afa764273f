import { existsSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** The build of `src/playground`. It loads nothing from other servers, so it works offline. */
const FOLDER = path.resolve(import.meta.dirname, '../../dist/playground');

/** Files with a content hash in their name never change. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** Monaco creates styles and fonts at run time; everything else is served from here. */
const POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "worker-src 'self' blob:",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** Serves GraphiQL at `/`, compressed at build time. */
export function servePlayground(app: FastifyInstance): void {
  if (!existsSync(path.join(FOLDER, 'index.html'))) return; // a build without the playground, as in tests, has no page at /
  void app.register(fastifyStatic, {
    root: FOLDER,
    preCompressed: true,
    index: false,
    setHeaders(reply, file) {
      void reply.header('x-content-type-options', 'nosniff');
      if (file.includes(`${path.sep}assets${path.sep}`)) void reply.header('cache-control', FOR_EVER);
      else {
        void reply.header('cache-control', 'no-cache');
        void reply.header('content-security-policy', POLICY);
      }
    },
  });
  app.get('/', (_request, reply) => reply.sendFile('index.html'));
}
