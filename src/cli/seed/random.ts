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
      const time = at.getTime();
      const [first, second, third] = [bits(), bits(), bits()];
      uuidBytes.setUint32(0, time / 2 ** 16);
      uuidBytes.setUint16(4, time % 2 ** 16);
      uuidBytes.setUint16(6, 0x7000 | (first & 0xfff));
      uuidBytes.setUint16(8, 0x8000 | ((first >>> 12) & 0x3fff));
      uuidBytes.setUint16(10, second);
      uuidBytes.setUint32(12, third);
      return uuidText();
    },
  };
}

const uuidBytes = new DataView(new ArrayBuffer(16));
const uuidDigits = Buffer.from('00000000-0000-0000-0000-000000000000');
const DIGITS = Buffer.from('0123456789abcdef');
const DASH = 45;

function uuidText(): string {
  for (let index = 0, digit = 0; index < 16; index += 1) {
    const byte = uuidBytes.getUint8(index);
    if (uuidDigits[digit] === DASH) digit += 1;
    uuidDigits[digit++] = DIGITS[byte >>> 4] ?? 0;
    uuidDigits[digit++] = DIGITS[byte & 15] ?? 0;
  }
  return uuidDigits.toString('latin1');
}
