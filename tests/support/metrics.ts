/** The samples of a response of /metrics, by name and labels as they are written. */
export async function scrape(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Map<string, number>> {
  const response = await fetch(new URL('/metrics', url), { headers });
  if (!response.ok) throw new Error(`/metrics responds ${response.status}`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

/** The samples of a metric. */
export function samplesOf(samples: ReadonlyMap<string, number>, name: string): (readonly [string, number])[] {
  return [...samples].filter(([key]) => key === name || key.startsWith(`${name}{`));
}
