import { z } from 'zod';

const NAME_LENGTH = 500;
const PRICE_LENGTH = 40;
/** The digits that a JSON number represents exactly. */
const NUMBER_DIGITS = 15;
const PLAIN_DECIMAL = /^\d+(\.\d+)?$/;

const PRICE_RULE = 'is neither a plain decimal nor a plain number of at most 15 digits';

const priceSchema = z
  .union([z.string(), z.number()], PRICE_RULE)
  .refine((price) => (typeof price === 'string' ? price.length <= PRICE_LENGTH : hasExactDigits(price)), PRICE_RULE)
  .transform(String)
  .refine((price) => PLAIN_DECIMAL.test(price), PRICE_RULE);

/** A product of the service. Other fields are ignored. */
export const productSchema = z.object({
  id: z.string('is not a string'),
  name: z
    .string('is not a string')
    .max(NAME_LENGTH, `is longer than ${NAME_LENGTH} characters`)
    .refine((name) => name.trim() !== '', 'is blank')
    .refine((name) => name.isWellFormed() && !name.includes('\0'), 'contains NUL or an unpaired surrogate'),
  price: priceSchema,
  currency: z.string('is not a string').regex(/^[A-Z]{3}$/, 'is not three capital letters'),
});

/** Leading zeros do not count. Trailing zeros do, because the number may have been rounded to them. */
function hasExactDigits(value: number): boolean {
  const digits = String(value)
    .replace(/^[0.]+/, '')
    .replace('.', '');
  return digits.length <= NUMBER_DIGITS;
}
