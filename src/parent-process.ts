const LOOK_MS = 500;

/**
 * Resolves when the npm that runs this process has ended, however it did: a process whose parent is gone gets another
 * one. Never resolves where no package manager started it, as under systemd, nohup or in a container.
 */
export async function npmEnded(): Promise<void> {
  if (process.env['npm_lifecycle_event'] === undefined) return new Promise(() => undefined);
  const parent = process.ppid; // 1 from the beginning where npm is the first process of a container
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      resolve();
    }, LOOK_MS);
    timer.unref();
  });
}
