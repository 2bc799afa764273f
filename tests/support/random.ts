/** A repeatable sequence of random numbers, so that failures can be reproduced. */
export interface Random {
  /** An integer from 0 to `below` - 1. */
  readonly whole: (below: number) => number;
  readonly pick: <T>(values: readonly T[]) => T;
  readonly chance: (part: number) => boolean;
}

/** The mulberry32 generator. */
export function createRandom(seed: number): Random {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (below: number) => Math.floor(next() * below);
  return {
    whole,
    pick: <T>(values: readonly T[]) => values[whole(values.length)] as T,
    chance: (part) => next() < part,
  };
}
