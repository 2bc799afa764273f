// A short burst of many times the usual rate. Requests may be rejected during it, and the server must be as fast as before
// afterwards: npm run load -- spike
import { arrivals } from './k6/arrivals.ts';
import { mixedTraffic } from './k6/mixed-traffic.ts';
import { numberOf, secondsOf } from './k6/settings.ts';
import { report, TREND_STATISTICS, type Summary } from './k6/summary.ts';

const RATE = numberOf('RATE', 50);
const SPIKE_RATE = numberOf('SPIKE_RATE', 2_000);
/** More requests in flight than the usual traffic has. */
const SPIKE_VUS = numberOf('VUS', 300);
const P95 = numberOf('P95_MS', 250);
const BEFORE = secondsOf('BEFORE', '10s');
const SPIKE = secondsOf('SPIKE', '10s');
/** Time after the spike in which nothing is judged except failures. */
const RECOVERY = secondsOf('RECOVERY', '5s');
const AFTER = secondsOf('AFTER', '15s');

const PHASES = [
  { name: 'before', rate: RATE, seconds: BEFORE },
  { name: 'spike', rate: SPIKE_RATE, seconds: SPIKE },
  { name: 'recovery', rate: RATE, seconds: RECOVERY },
  { name: 'after', rate: RATE, seconds: AFTER },
];

const startOf = (phase: number) => PHASES.slice(0, phase).reduce((sum, { seconds }) => sum + seconds, 0);
const phaseOf = (metric: string, name: string) => `${metric}{scenario:${name}}`;

export const options = {
  scenarios: Object.fromEntries(
    PHASES.map(({ name, rate, seconds }, index) => {
      const scenario = arrivals(rate, seconds, { startTime: `${startOf(index)}s` });
      return [name, name === 'spike' ? { ...scenario, preAllocatedVUs: SPIKE_VUS } : scenario];
    }),
  ),
  thresholds: {
    failed: ['rate==0'],
    ...Object.fromEntries(
      PHASES.map(({ name }) => [
        phaseOf('latency', name),
        [name === 'spike' || name === 'recovery' ? 'max>=0' : `p(95)<${P95}`],
      ]),
    ),
    [phaseOf('rejected', 'before')]: ['rate==0'],
    [phaseOf('rejected', 'after')]: ['rate==0'],
    [phaseOf('dropped_iterations', 'after')]: [`count<=${Math.ceil(RATE * AFTER * 0.01)}`],
  },
  summaryTrendStats: TREND_STATISTICS,
};

export default mixedTraffic;

export function handleSummary(summary: Summary) {
  const rows = PHASES.map(({ name, seconds }) => ({ name, metric: phaseOf('latency', name), seconds }));
  return report(summary, `spike: ${RATE} requests a second, ${SPIKE_RATE} for ${SPIKE} s`, rows);
}
