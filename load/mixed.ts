// 70 % reads, 20 % creations and 10 % status changes at a constant rate: npm run load -- mixed
import { arrivals, ordinaryThresholds } from './k6/arrivals.ts';
import { mixedTraffic } from './k6/mixed-traffic.ts';
import { OPERATIONS } from './k6/requests.ts';
import { numberOf, secondsOf } from './k6/settings.ts';
import { report, SHOWN, TREND_STATISTICS, type Summary } from './k6/summary.ts';

const RATE = numberOf('RATE', 200);
const SECONDS = secondsOf('DURATION', '30s');

const metricOf = (operation: string) => `latency{operation:${operation}}`;

export const options = {
  scenarios: { mixed: arrivals(RATE, SECONDS) },
  thresholds: {
    ...ordinaryThresholds(RATE, SECONDS, numberOf('P95_MS', 250)),
    ...Object.fromEntries(OPERATIONS.map((operation) => [metricOf(operation), SHOWN])),
  },
  summaryTrendStats: TREND_STATISTICS,
};

export default mixedTraffic;

export function handleSummary(summary: Summary) {
  const rows = OPERATIONS.map((name) => ({ name, metric: metricOf(name), seconds: SECONDS }));
  return report(summary, `mixed: ${RATE} requests a second for ${SECONDS} s`, rows);
}
