// Moderate traffic for a long time. The memory, handles, connections and event loop lag of the server must stay flat:
// npm run load -- soak
import { arrivals, ordinaryThresholds } from './k6/arrivals.ts';
import { FIGURE_THRESHOLDS, figureLines, watchFigures } from './k6/figures.ts';
import { mixedTraffic } from './k6/mixed-traffic.ts';
import { OPERATIONS } from './k6/requests.ts';
import { numberOf, secondsOf } from './k6/settings.ts';
import { report, SHOWN, TREND_STATISTICS, type Summary } from './k6/summary.ts';

const RATE = numberOf('RATE', 100);
const SECONDS = secondsOf('DURATION', '30m');

const metricOf = (operation: string) => `latency{operation:${operation}}`;

export const options = {
  scenarios: {
    traffic: arrivals(RATE, SECONDS),
    figures: { executor: 'per-vu-iterations', exec: 'figures', vus: 1, maxDuration: `${SECONDS + 60}s` },
  },
  thresholds: {
    ...ordinaryThresholds(RATE, SECONDS, numberOf('P95_MS', 250)),
    ...FIGURE_THRESHOLDS,
    ...Object.fromEntries(OPERATIONS.map((operation) => [metricOf(operation), SHOWN])),
  },
  summaryTrendStats: TREND_STATISTICS,
};

export default mixedTraffic;

export function figures(): void {
  watchFigures(SECONDS);
}

export function handleSummary(summary: Summary) {
  const rows = OPERATIONS.map((name) => ({ name, metric: metricOf(name), seconds: SECONDS }));
  const title = `soak: ${RATE} requests a second for ${Math.round(SECONDS / 6) / 10} minutes`;
  return report(summary, title, rows, figureLines(summary, SECONDS));
}
