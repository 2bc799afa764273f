const FIRST = -62_135_596_800_000; // 0001-01-01
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The time, moved into the years 1 to 9999, which PostgreSQL and JavaScript can both hold. */
export function storable(moment: Date): Date {
  return new Date(Math.min(LAST, Math.max(FIRST, moment.getTime())));
}
