// Creates orders at a constant rate: npm run load -- create
import { arrivals, ordinaryThresholds } from './k6/arrivals.ts';
import { anyCustomer, createOrder } from './k6/requests.ts';
import { numberOf, secondsOf } from './k6/settings.ts';
import { report, TREND_STATISTICS, type Summary } from './k6/summary.ts';

const RATE = numberOf('RATE', 200);
const SECONDS = secondsOf('DURATION', '30s');

export const options = {
  scenarios: { create: arrivals(RATE, SECONDS) },
  thresholds: ordinaryThresholds(RATE, SECONDS, numberOf('P95_MS', 250)),
  summaryTrendStats: TREND_STATISTICS,
};

export default function create(): void {
  createOrder(anyCustomer());
}

export function handleSummary(summary: Summary) {
  const title = `create: ${RATE} orders a second for ${SECONDS} s`;
  return report(summary, title, [{ name: 'create', metric: 'latency', seconds: SECONDS }]);
}
