const INTERVAL_MS = 100;
const WIDTH = 30;

export interface Progress {
  /** Shows the progress, at most ten times a second. */
  readonly show: (done: number) => void;
  /** Removes the bar. */
  readonly end: () => void;
}

/** A progress bar on stderr. It is shown on a terminal only. @param total null if it is unknown */
export function createProgress(label: string, total: number | null): Progress {
  const { stderr } = process;
  if (!stderr.isTTY) return { show: () => undefined, end: () => undefined };
  let shownAt = 0;
  return {
    show(done) {
      const now = performance.now();
      if (now - shownAt < INTERVAL_MS) return;
      shownAt = now;
      stderr.write(`\r\u001b[K${label} ${textOf(done, total)}`);
    },
    end: () => void stderr.write('\r\u001b[K'),
  };
}

function textOf(done: number, total: number | null): string {
  if (total === null) return done.toLocaleString('en-US');
  const filled = Math.round((WIDTH * Math.min(done, total)) / Math.max(1, total));
  const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
  return `${bar} ${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')}`;
}
