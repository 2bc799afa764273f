/** A decimal as a client sends it: a string, or a JSON number, which is a double. */
export type DecimalInput = string | number;

const MAX_LENGTH = 40;
/** A double preserves this many significant digits of a decimal. */
export const MAX_EXACT_DIGITS = 15;

/**
 * Reads a plain decimal ("-12.50").
 *
 * @returns the decimal as text, or the rule that it breaks, without the name of the field
 */
export function readDecimal(value: DecimalInput): { readonly decimal: string } | { readonly rule: string } {
  const text = String(value);
  if (text.length > MAX_LENGTH) return { rule: `must have at most ${MAX_LENGTH} characters; it has ${text.length}` };
  if (typeof value === 'number' && !isExact(value, text)) {
    return {
      rule: `must have at most ${MAX_EXACT_DIGITS} significant digits and no exponent as a number; send it as a string`,
    };
  }
  if (!/^-?\d+(\.\d+)?$/.test(text))
    return { rule: `must be a plain decimal such as "12.50"; it is ${JSON.stringify(text)}` };
  return { decimal: text };
}

function isExact(value: number, text: string): boolean {
  const digits = text.replace(/^-?0*\.?0*/, '').replace('.', '');
  return Number.isFinite(value) && !text.includes('e') && digits.length <= MAX_EXACT_DIGITS;
}
