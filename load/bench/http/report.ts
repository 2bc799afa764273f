// The HTML report of a run: one file without external resources.
import { readFileSync } from 'node:fs';
import { CELL_TITLES, type Cell } from './cells.ts';
import { barChart, escapeHtml, latencyChart, rateText, type Series } from './charts.ts';
import type { Results } from './results.ts';
import { ms, ordersPerCore } from './tables.ts';
import { targetOf } from './targets.ts';

const COLORS = 6;

/** @param facts about the run, such as the machine and the versions */
export function reportOf(results: Results, facts: readonly string[]): string {
  const perCore = ordersPerCore(results);
  const sections = [
    perCore === null ? '' : `<p>${perCore}</p>`,
    ratioSection(results),
    ...results.callers.map((callers) => chartSection(results, callers)),
    figureSection(results),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ordergraph over HTTP</title>
<style>
${readFileSync(new URL('report.css', import.meta.url), 'utf8')}</style>
</head>
<body>
<h1>Ordergraph over HTTP</h1>
${facts.map((fact) => `<p>${escapeHtml(fact)}</p>`).join('\n')}
${failuresOf(results).join('\n')}
${sections.join('\n')}
</body>
</html>
`;
}

function failuresOf(results: Results): string[] {
  return eachSample(results).flatMap(({ contestant, cell, callers, failure }) => {
    if (failure === null) return [];
    return [`<p class="failure">FAILED ${contestant}, ${cell}, ${callers} callers: ${escapeHtml(failure)}</p>`];
  });
}

function eachSample(results: Results) {
  return results.callers.flatMap((callers) =>
    results.cells.flatMap((cell) =>
      results.contestants.flatMap((contestant) => results.of(contestant, cell, callers) ?? []),
    ),
  );
}

function ratioSection(results: Results): string {
  const [ours = '', ...others] = results.contestants;
  if (others.length === 0) return '';
  const rows = others.flatMap((other) =>
    results.callers.map((callers) => {
      const ratios = results.cells.map((cell) => ratioCell(results, other, cell, callers));
      return `<tr><td class="text">${other}</td><td>${callers}</td>${ratios.join('')}</tr>`;
    }),
  );
  const titles = results.cells.map((cell) => `<th>${CELL_TITLES[cell]}</th>`).join('');
  return `<h2>Rate of ${ours} by that of each other server</h2>
<div class="scroll"><table>
<tr><th class="text">server</th><th>callers</th>${titles}</tr>
${rows.join('\n')}
</table></div>`;
}

function ratioCell(results: Results, other: string, cell: Cell, callers: number): string {
  const ratio = results.ratio(other, cell, callers);
  const target = targetOf(other, cell, callers);
  if (ratio === null) return '<td>–</td>';
  if (target === null) return `<td>${ratio.toFixed(2)}</td>`;
  const mark = ratio >= target ? '<span class="reached">✓' : '<span class="missed">✗';
  return `<td>${mark} ${ratio.toFixed(2)}</span> <span class="target">target ${target}</span></td>`;
}

function chartSection(results: Results, callers: number): string {
  const cards = results.cells.map((cell) => {
    const series = results.contestants.flatMap((contestant, index): Series[] => {
      const sample = results.of(contestant, cell, callers);
      return sample === null ? [] : [{ sample, color: `var(--series-${index % COLORS})` }];
    });
    return `<div class="card"><h3>${CELL_TITLES[cell]}</h3>\n${barChart(series)}\n${latencyChart(series)}</div>`;
  });
  return `<h2>${callers} callers</h2>
<p>A bar with an arrow is longer than the scale. The lines have the colours of the bars.</p>
<div class="cards">\n${cards.join('\n')}\n</div>`;
}

const COLUMNS = ['answers', 'server CPU', 'database CPU', 'generator CPU', 'p50', 'p90', 'p99', 'max'];

function figureSection(results: Results): string {
  const rows = eachSample(results).map(({ cell, callers, contestant, rate, cpu, latency, failure }) => {
    const at = (percentile: number) => ms(latency.find(([each]) => each === percentile)?.[1]);
    const shown = failure === null ? rateText(rate) : 'FAILED';
    const figures = [shown, ms(cpu.server), ms(cpu.database), ms(cpu.generator), ...[50, 90, 99, 100].map(at)];
    const texts = `<td class="text">${CELL_TITLES[cell]}</td><td>${callers}</td><td class="text">${contestant}</td>`;
    return `<tr>${texts}${figures.map((figure) => `<td>${figure}</td>`).join('')}</tr>`;
  });
  const titles = COLUMNS.map((column) => `<th>${column}</th>`).join('');
  return `<h2>All figures</h2>
<p>CPU in milliseconds an answer, latency in milliseconds.</p>
<div class="scroll"><table>
<tr><th class="text">cell</th><th>callers</th><th class="text">server</th>${titles}</tr>
${rows.join('\n')}
</table></div>`;
}
