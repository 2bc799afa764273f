const FIRST = -62_135_596_800_000; // 0001-01-01
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** A moment that the database can hold: the first or last of its calendar stands for what lies beyond. */
export function storable(moment: Date): Date {
  return new Date(Math.min(LAST, Math.max(FIRST, moment.getTime())));
}
