import type { Queryable } from '../../database/database.js';
import { LOG_END } from './consumer-positions.js';

/** A consumer as operators see it. */
export interface ConsumerReport {
  readonly name: string;
  readonly position: bigint;
  /** Events that it has not handled. */
  readonly lag: bigint;
  /** Age of the oldest of them; null without one. */
  readonly ageMs: number | null;
  /** The process that runs it now; null where none does. */
  readonly holder: string | null;
  /** Why it does not run until an operator acts; null if it runs. */
  readonly held: string | null;
}

/** The report as JSON, whose numbers are not bigint. */
export function reportToJson({ position, lag, ageMs, ...report }: ConsumerReport) {
  return {
    ...report,
    position: Number(position),
    lag: Number(lag),
    ageMs: ageMs === null ? null : Math.round(ageMs),
  };
}

/** Reads all consumers in the database, by name. */
export async function readConsumerReports(db: Queryable): Promise<ConsumerReport[]> {
  return db.$queryRawUnsafe<ConsumerReport[]>(READ_CONSUMER_REPORTS);
}

const READ_CONSUMER_REPORTS = `
SELECT c.name, c.position, greatest(l.last - c.position, 0) AS lag,
  (SELECT extract(epoch FROM clock_timestamp() - e.occurred_at)::float8 * 1000
   FROM order_events e WHERE e.position > c.position ORDER BY e.position LIMIT 1) AS "ageMs",
  CASE WHEN c.lease_until > clock_timestamp() THEN c.holder END AS holder,
  c.held
FROM event_consumers c ${LOG_END}
ORDER BY c.name`;
