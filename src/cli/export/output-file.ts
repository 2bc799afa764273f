import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { once } from 'node:events';

export interface Output {
  /** Resolves when more can be written. */
  readonly write: (text: string) => Promise<void>;
  /** Gives the file its name. */
  readonly complete: () => Promise<void>;
}

/** A file that has the extension `.part` until it is complete. @param file null for stdout */
export function openOutput(file: string | null): Output {
  if (file === null) return { write: (text) => writeTo(process.stdout, text), complete: async () => undefined };
  const part = `${file}.part`;
  const stream = createWriteStream(part);
  const opened = once(stream, 'open');
  opened.catch(() => undefined); // the first write reports it
  return {
    write: async (text) => {
      await opened;
      await writeTo(stream, text);
    },
    complete: async () => {
      await opened;
      stream.end();
      await finished(stream);
      await rename(part, file);
    },
  };
}

async function writeTo(stream: Writable, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain');
}
