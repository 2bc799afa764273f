import type { IncomingMessage } from 'node:http';
import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify';

/** Maximum number of chunks of a body. Each chunk takes hundreds of bytes of memory, however short it is. */
const MAX_PIECES = 20_000;

/** Accepts JSON bodies only, within the limits of the route. Replaces Fastify's parser, which does not limit the chunks. */
export function readJsonBodies(app: FastifyInstance): void {
  app.removeContentTypeParser(['application/json', 'text/plain']); // pages send text/plain without a preflight
  app.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage) => {
    const body = await readBody(payload, request.routeOptions.bodyLimit ?? 0);
    if (body === '') throw new errorCodes.FST_ERR_CTP_EMPTY_JSON_BODY();
    return parseJson(body);
  });
}

/** `__proto__` is an ordinary own key here; no code copies keys by assignment. */
function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw Object.assign(cause as SyntaxError, { statusCode: 400 });
  }
}

/** Listens to the stream, because its async iterator takes longer than the rest of this function. */
function readBody(payload: IncomingMessage, maxBytes: number): Promise<string> {
  if (Number(payload.headers['content-length'] ?? 0) > maxBytes) throw new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE();
  const pieces: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    const receive = (piece: Buffer) => {
      length += piece.length;
      const error = problemOf(length, pieces.length, maxBytes);
      if (error === null) {
        pieces.push(piece);
        return;
      }
      payload.off('data', receive).pause(); // Node discards the rest after the response
      reject(error);
    };
    payload.on('data', receive);
    payload.once('end', () => {
      const [first] = pieces;
      const body = pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces, length);
      resolve(body.toString('utf8'));
    });
    payload.once('error', reject);
  });
}

function problemOf(length: number, pieces: number, maxBytes: number): Error | null {
  if (length > maxBytes) return new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE();
  if (pieces < MAX_PIECES) return null;
  return Object.assign(new Error(`the body must arrive in at most ${MAX_PIECES} chunks.`), { statusCode: 413 });
}
