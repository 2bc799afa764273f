// Raises the rate step by step and reports the highest one that the server keeps within a latency bound:
// npm run load -- ramp
import { arrivals } from './k6/arrivals.ts';
import { mixedTraffic } from './k6/mixed-traffic.ts';
import { anyCustomer, createOrder } from './k6/requests.ts';
import { numberOf, secondsOf } from './k6/settings.ts';
import { report, SHOWN, TREND_STATISTICS, valueOf, type Summary } from './k6/summary.ts';

const FROM = numberOf('RATE_FROM', 100);
const TO = numberOf('RATE_TO', 4_000);
const FACTOR = numberOf('RATE_FACTOR', 1.5);
const STEP = secondsOf('STEP', '10s');
const P95 = numberOf('P95_MS', 100);
/** Share of a rate that must be answered. */
const LEAST_ANSWERED = 0.98;

const RATES: number[] = [];
for (let rate = FROM; rate <= TO; rate *= Math.max(1.05, FACTOR)) RATES.push(Math.round(rate));

const stepOf = (metric: string, rate: number) => `${metric}{scenario:rate_${rate}}`;

/** Only the first rate can fail the run: saturation is what the other steps look for. */
export const options = {
  scenarios: Object.fromEntries(
    RATES.map((rate, index) => [`rate_${rate}`, arrivals(rate, STEP, { startTime: `${index * STEP}s` })]),
  ),
  thresholds: {
    ...Object.fromEntries(
      RATES.flatMap((rate) => [
        [stepOf('latency', rate), SHOWN],
        [stepOf('failed', rate), ['rate>=0']],
        [stepOf('rejected', rate), ['rate>=0']],
      ]),
    ),
    [stepOf('latency', FROM)]: [`p(95)<${P95}`],
    [stepOf('failed', FROM)]: ['rate==0'],
    [stepOf('rejected', FROM)]: ['rate==0'],
    [stepOf('dropped_iterations', FROM)]: [`count<=${Math.ceil((1 - LEAST_ANSWERED) * FROM * STEP)}`],
  },
  summaryTrendStats: TREND_STATISTICS,
};

export default __ENV['OPERATION'] === 'create' ? () => void createOrder(anyCustomer()) : mixedTraffic;

export function handleSummary(summary: Summary) {
  const rows = RATES.map((rate) => ({ name: `${rate}/s`, metric: stepOf('latency', rate), seconds: STEP }));
  const exceeded = RATES.find((rate) => !isWithinBounds(summary, rate));
  const kept = RATES.findLast((rate) => exceeded === undefined || rate < exceeded);
  const bound = `95 % of the answers within ${P95} ms, none failed`;
  const notes = [
    kept === undefined ? `  No rate was kept: ${bound}.` : `  Highest rate kept: ${kept} requests a second (${bound}).`,
    exceeded === undefined ? '  The server is not saturated. Raise RATE_TO.' : `  First rate not kept: ${exceeded}.`,
  ];
  return report(summary, `ramp: ${FROM} to ${RATES.at(-1)} requests a second, ${STEP} s each`, rows, notes);
}

function isWithinBounds(summary: Summary, rate: number): boolean {
  const metric = stepOf('latency', rate);
  const isFast = valueOf(summary, metric, 'p(95)') < P95;
  const isAnswered = valueOf(summary, metric, 'count') >= LEAST_ANSWERED * rate * STEP;
  const bad = valueOf(summary, stepOf('failed', rate), 'passes') + valueOf(summary, stepOf('rejected', rate), 'passes');
  return isFast && isAnswered && bad === 0;
}
