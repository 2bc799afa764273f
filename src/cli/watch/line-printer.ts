import type { Writable } from 'node:stream';
import type { WebSocket } from 'ws';

export interface LinePrinter {
  /**
   * Prints lines, then saves the cursor after them. While the output is full, nothing more is read from the socket.
   * Resolves when the lines are written, also if this failed.
   */
  readonly print: (lines: readonly string[], cursor: string, socket: WebSocket | null) => Promise<void>;
  /** Resolves when every line is printed and the last cursor is saved. Rejects if either failed. */
  readonly close: () => Promise<void>;
}

export interface LinePrinterOptions {
  /** Called with the cursor of the last line, after it and the lines before it were written. */
  readonly savePrinted: (cursor: string) => void;
  /** Called when no more lines can be printed. */
  readonly onFailure: () => void;
}

export function createLinePrinter(output: Writable, { savePrinted, onFailure }: LinePrinterOptions): LinePrinter {
  let printed: string | null = null; // the cursor to save
  let saving: NodeJS.Immediate | undefined;
  let failure: Error | null = null;
  let isFull = false;

  function fail(cause: unknown): void {
    failure ??= cause as Error;
    onFailure();
  }

  function save(): void {
    saving = undefined;
    const cursor = printed;
    printed = null;
    if (cursor === null) return;
    try {
      savePrinted(cursor);
    } catch (cause) {
      fail(cause);
    }
  }

  output.on('error', fail);
  return {
    print(lines, cursor, socket) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const hasRoom = output.write(lines.map((line) => `${line}\n`).join(''), (error) => {
        resolve();
        if (error !== null && error !== undefined) return;
        printed = cursor;
        saving ??= setImmediate(save); // once for the lines that arrived together
      });
      if (hasRoom || isFull) return promise;
      isFull = true;
      socket?.pause();
      output.once('drain', () => {
        isFull = false;
        socket?.resume();
      });
      return promise;
    },
    async close() {
      if (failure === null) await new Promise<void>((resolve) => output.write('', () => resolve()));
      clearImmediate(saving);
      save();
      if (failure !== null && !isClosedPipe(failure)) throw failure;
    },
  };
}

/** The reader of the output has ended, such as `head`. */
function isClosedPipe(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'EPIPE';
}
