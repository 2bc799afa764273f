// The progress of a run, on stderr: a bar on a terminal, plain lines elsewhere.
const WIDTH = 30;
const LINE_MS = 10_000;

export function createProgress(stream: NodeJS.WriteStream): (done: number, of: number, what: string) => void {
  const began = performance.now();
  let lineAt = -LINE_MS;
  return (done, of, what) => {
    const elapsed = performance.now() - began;
    const left = done === 0 ? '' : `, ${duration((elapsed / done) * (of - done))} left`;
    if (!stream.isTTY) {
      if (done < of && elapsed - lineAt < LINE_MS) return;
      lineAt = elapsed;
      stream.write(`bench: ${done} of ${of} runs${left} (${what})\n`);
      return;
    }
    const filled = Math.round((WIDTH * done) / of);
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    stream.write(`\r\u001B[K${bar} ${done}/${of}${left}  ${what}`);
    if (done === of) stream.write('\r\u001B[K');
  };
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
