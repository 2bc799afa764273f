import type { Logger } from 'pino';

/** A sequencer assigns positions in one statement, so a gap that lasts is a fault. */
const PATIENCE_MS = 10_000;

export interface GapWatch {
  /** Reports where the log has a gap now; null for none. */
  readonly observe: (gapAt: bigint | null) => void;
}

/** Logs a gap that lasts once, and once when it is filled. */
export function createGapWatch(log: Logger, now: () => number = () => performance.now()): GapWatch {
  let gap: { readonly position: bigint; readonly since: number; isLogged: boolean } | null = null;

  function observe(gapAt: bigint | null): void {
    if (gap?.position !== gapAt) {
      if (gap?.isLogged === true)
        log.warn({ position: gap.position }, 'event log: the gap is filled; reading continues');
      gap = gapAt === null ? null : { position: gapAt, since: now(), isLogged: false };
    } else if (gap !== null && !gap.isLogged && now() - gap.since >= PATIENCE_MS) {
      gap.isLogged = true;
      log.error({ position: gap.position }, GAP);
    }
  }
  return { observe };
}

const GAP =
  'event log: a position is missing, and events follow it. Reading stops before it. Restore the row of order_events. If it is lost, restart the servers, rebuild transactional consumers and move the others: npm run cli -- consumers';
