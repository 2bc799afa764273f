import { readDecimal, type DecimalInput } from './decimal.js';
import type { FieldPath, InputProblem } from './errors.js';
import { MAX_MINOR, toMinor } from './money.js';

type Given = string | null | undefined;

/** Collects all problems of an input, so that a client can fix them at once. */
export class Problems {
  readonly list: InputProblem[] = [];

  add(code: InputProblem['code'], field: FieldPath, message: string): void {
    this.list.push({ code, field, message });
  }

  /** Ids are compared exactly and never trimmed, so surrounding whitespace is a problem. */
  id(value: Given, field: FieldPath, limit: number): string | null {
    const trimmed = this.text(value, field, limit);
    if (trimmed !== '' && trimmed !== (value ?? null)) {
      this.add('INVALID', field, `${nameOf(field)} must not begin or end with whitespace.`);
    }
    return trimmed;
  }

  /** Trims a string. Null stays null; blank strings and strings that are too long are problems. */
  text(value: Given, field: FieldPath, limit: number): string | null {
    if (value === null || value === undefined) return null;
    const trimmed = value.trim();
    const name = nameOf(field);
    if (trimmed === '') this.add('INVALID', field, `${name} must not be blank.`);
    else if (trimmed.length > limit) {
      this.add('LIMIT_EXCEEDED', field, `${name} must have at most ${limit} characters; it has ${trimmed.length}.`);
    }
    return trimmed;
  }

  /**
   * Reads an amount of money, 0 or more; null stays null.
   *
   * @param exponent of the currency, or undefined if the currency is unknown and reported already
   */
  amount(value: DecimalInput | null | undefined, field: FieldPath, exponent: number | undefined): bigint | null {
    if (value === null || value === undefined) return null;
    const name = nameOf(field);
    const read = readDecimal(value);
    if ('rule' in read) {
      this.add('INVALID', field, `${name} ${read.rule}.`);
      return 0n;
    }
    if (exponent === undefined) return 0n;
    const minor = toMinor(read.decimal, exponent);
    if (minor === 'too-many-decimals') {
      this.add('INVALID', field, `${name} must have at most ${exponent} decimals in this currency; it is ${value}.`);
    } else if (minor === 'out-of-range') {
      this.add('LIMIT_EXCEEDED', field, `${name} must be at most ${MAX_MINOR} minor units of the currency.`);
    } else if (minor < 0n) {
      this.add('INVALID', field, `${name} must not be negative; it is ${value}.`);
    } else {
      return minor;
    }
    return 0n;
  }
}

function nameOf(field: FieldPath): string {
  return field.at(-1) ?? '';
}
