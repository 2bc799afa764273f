// Reads a JSON body and answers a fixed JSON text of as many bytes as the path says: what HTTP alone costs.
import { createServer } from 'node:http';

const answers = new Map<string, Buffer>();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString());
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(answerOf(request.url ?? '/'));
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) console.log(`ready http://127.0.0.1:${address.port}/`);
});

function answerOf(path: string): Buffer {
  const known = answers.get(path);
  if (known !== undefined) return known;
  const answer = Buffer.from(JSON.stringify({ data: 'x'.repeat(Math.max(0, Number(path.slice(1)) - 11)) }));
  answers.set(path, answer);
  return answer;
}
