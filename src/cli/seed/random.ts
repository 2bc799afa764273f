import { createHash } from 'node:crypto';

/** Numbers that depend on the seed only. */
export interface Random {
  /** From 0 up to, but not including, 1. */
  readonly next: () => number;
  /** A whole number from `min` to `max`, both included. */
  readonly whole: (min: number, max: number) => number;
  readonly isBelow: (probability: number) => boolean;
  readonly pick: <T>(values: readonly [T, ...T[]]) => T;
  /** A value by its weight. */
  readonly weighted: <T>(values: readonly (readonly [weight: number, value: T])[]) => T;
  /** A UUID v7 of this time. */
  readonly uuid: (at: Date) => string;
}

/** The state at the start of a seed. */
export function stateOf(seed: string): number {
  return createHash('sha256').update(seed).digest().readUInt32LE();
}

/** The generator Mulberry32. @param state of the seed, mixed with the number of the order */
export function createRandom(state: number, index: number): Random {
  let position = Math.imul(state ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b) ^ index;
  const bits = () => {
    position = (position + 0x6d2b79f5) | 0;
    let mixed = Math.imul(position ^ (position >>> 15), position | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const next = () => bits() / 2 ** 32;
  const whole = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    whole,
    isBelow: (probability) => next() < probability,
    pick: (values) => values[whole(0, values.length - 1)] ?? values[0],
    weighted(values) {
      let left = next() * values.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, value] of values) if ((left -= weight) < 0) return value;
      const last = values.at(-1);
      if (last === undefined) throw new Error('there is no value');
      return last[1];
    },
    uuid(at) {
      const time = hex(at.getTime(), 12);
      const [first, second, third] = [bits(), bits(), bits()];
      const [version, variant] = [0x7000 | (first & 0xfff), 0x8000 | ((first >>> 12) & 0x3fff)];
      return `${time.slice(0, 8)}-${time.slice(8)}-${hex(version, 4)}-${hex(variant, 4)}-${hex(second & 0xffff, 4)}${hex(third, 8)}`;
    },
  };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
