import { existsSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** What `npm start` builds of `src/playground`; nothing of it comes from elsewhere, so it works offline. */
const FOLDER = path.resolve(import.meta.dirname, '../../dist/playground');

/** Files whose names hold a hash of their content never change. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** Monaco makes its styles and fonts as it runs; everything else is the page's own. */
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

/** GraphiQL at `/`, compressed at the build. */
export function servePlayground(app: FastifyInstance): void {
  if (!existsSync(path.join(FOLDER, 'index.html'))) return; // a build without it, such as a test's, has no page at /
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
