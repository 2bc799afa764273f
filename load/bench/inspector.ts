// Reads the memory of a Node.js process over its inspector, after garbage collections.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { WebSocket } from 'ws';

export interface MemoryReading {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

export interface Inspector extends Disposable {
  readonly memory: () => Promise<MemoryReading>;
}

interface Answer {
  readonly id: number;
  readonly result?: { readonly result?: { readonly value?: string } };
}

/** @param logFile with the output of a process that was started with `--inspect` */
export async function openInspector(logFile: string): Promise<Inspector> {
  const [url] = /ws:\/\/\S+/.exec(await readFile(logFile, 'utf8')) ?? [];
  if (url === undefined) throw new Error(`${logFile} has no address of an inspector.`);
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, 'open');
  const waiting = new Map<number, (answer: Answer) => void>();
  let sent = 0;
  socket.on('message', (data: Buffer) => {
    const answer = JSON.parse(data.toString('utf8')) as Answer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  const send = async (method: string, params: object = {}): Promise<Answer> => {
    const id = (sent += 1);
    socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => waiting.set(id, resolve));
  };
  return {
    async memory() {
      for (let round = 0; round < 3; round += 1) await send('HeapProfiler.collectGarbage');
      const answer = await send('Runtime.evaluate', { expression: 'JSON.stringify(process.memoryUsage())' });
      return JSON.parse(answer.result?.result?.value ?? '{}') as MemoryReading;
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
}
