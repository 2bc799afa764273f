import type { Logger } from 'pino';
import type { Database } from '../../database/database.js';
import { createFailureLog } from '../../observability/failure-log.js';
import { readConsumerReports, reportToJson } from './consumer-report.js';

const CACHE_MS = 1_000;

export type ConsumerSummary = Omit<ReturnType<typeof reportToJson>, 'holder'>;

/**
 * Reports the consumers of this server for probes. A report is shared for a second, so that frequent probes cost little.
 *
 * @param names of the consumers
 * @returns null if they cannot be read
 */
export function createCachedReport(
  { prisma }: Database,
  names: readonly string[],
  log: Logger,
): () => Promise<readonly ConsumerSummary[] | null> {
  const failures = createFailureLog(log);
  let cached: Promise<readonly ConsumerSummary[] | null> | null = null;
  let validUntil = 0;

  async function read(): Promise<readonly ConsumerSummary[] | null> {
    try {
      const reports = await readConsumerReports(prisma);
      failures.worked('reports of the consumers are available again');
      return reports
        .filter(({ name }) => names.includes(name))
        .map((report) => {
          const { holder: _, ...summary } = reportToJson(report);
          return summary;
        });
    } catch (cause) {
      failures.failed(cause, 'the consumers cannot be reported');
      return null;
    }
  }

  return () => {
    const now = performance.now();
    if (cached === null || now >= validUntil) {
      cached = read();
      validUntil = now + CACHE_MS;
    }
    return cached;
  };
}
