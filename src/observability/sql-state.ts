type Cause = Readonly<Record<string, unknown>>;

/** The error and its causes, including those nested by Prisma and its driver adapter. */
export function* causesOf(error: unknown): Generator<Cause> {
  const queue: unknown[] = [error];
  for (let seen = 0; queue.length > 0 && seen < MAX_CAUSES; seen += 1) {
    const cause = queue.shift() as Cause;
    if (!isObject(cause)) return;
    yield cause;
    queue.push(...[cause['cause'], cause['meta'], cause['driverAdapterError']].filter(isObject));
  }
}

const MAX_CAUSES = 20;

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The SQLSTATE of an error or of one of its causes. */
export function sqlStateOf(error: unknown): string | null {
  for (const { originalCode, code } of causesOf(error)) {
    for (const candidate of [originalCode, code]) {
      if (typeof candidate === 'string' && SQL_STATE.test(candidate)) return candidate;
    }
  }
  return null;
}

/** Excludes codes of Prisma (P2010) and Node (EPIPE): of the SQLSTATE classes only P0 starts with P, and none with E. */
const SQL_STATE = /^(?!P[1-9]|E)[0-9A-Z]{5}$/;
