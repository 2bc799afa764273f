import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { StartupError } from '../../startup-error.js';

/** Keeps the cursor of the last printed event in a file. */
export interface CursorFile {
  /** Null if the file does not exist or is empty. */
  readonly read: () => string | null;
  /** Replaces the file in one step, so that a reader never finds a part of a cursor. */
  readonly write: (cursor: string) => void;
}

export function openCursorFile(file: string): CursorFile {
  const failed = (cause: unknown) =>
    new StartupError(`The cursor file ${file} failed: ${(cause as Error).message}`, { cause });
  return {
    read() {
      try {
        return readFileSync(file, 'utf8').trim() || null;
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw failed(cause);
      }
    },
    write(cursor) {
      const temporary = `${file}.${process.pid}.tmp`;
      try {
        writeFileSync(temporary, `${cursor}\n`);
        renameSync(temporary, file);
      } catch (cause) {
        throw failed(cause);
      }
    },
  };
}
