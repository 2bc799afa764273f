// Scenarios with a fixed rate of requests, whatever the server does.
import type { ConstantArrivalRateScenario } from 'k6/options';
import { numberOf } from './settings.ts';

/** Virtual users of a scenario: the maximum number of requests in flight. */
export const VUS = numberOf('VUS', 100);

/** Requests at a constant rate. `exec` is the exported function that sends one. */
export function arrivals(
  rate: number,
  seconds: number,
  more: { readonly exec?: string; readonly startTime?: string; readonly tags?: Record<string, string> } = {},
): ConstantArrivalRateScenario {
  // k6 takes whole numbers of requests: a rate such as 0.5 a second is 1 in two seconds.
  const timeUnitSeconds = rate < 1 ? Math.round(1 / rate) : 1;
  return {
    executor: 'constant-arrival-rate',
    rate: Math.round(rate * timeUnitSeconds),
    timeUnit: `${timeUnitSeconds}s`,
    duration: `${seconds}s`,
    preAllocatedVUs: VUS,
    gracefulStop: '30s',
    ...more,
  };
}

/** Every request has the right answer, and almost all are sent in time. @param p95 in milliseconds */
export function ordinaryThresholds(rate: number, seconds: number, p95: number): Record<string, string[]> {
  return {
    latency: [`p(95)<${p95}`],
    failed: ['rate==0'],
    rejected: ['rate==0'],
    dropped_iterations: [`count<=${Math.ceil(rate * seconds * 0.01)}`],
  };
}
