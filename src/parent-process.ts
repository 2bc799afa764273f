const LOOK_MS = 500;

/**
 * Resolves when the npm process that runs this process has ended for any reason: a process whose parent has ended gets
 * a new parent. Never resolves if no package manager started this process, for example under systemd, nohup or in a
 * container.
 */
export async function npmEnded(): Promise<void> {
  if (process.env['npm_lifecycle_event'] === undefined) return new Promise(() => undefined);
  const parent = process.ppid; // 1 from the start if npm is the first process of a container
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      resolve();
    }, LOOK_MS);
    timer.unref();
  });
}
