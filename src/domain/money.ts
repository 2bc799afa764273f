/** The largest amount a BIGINT column holds, in minor units. */
export const MAX_MINOR = 2n ** 63n - 1n;

/** Decimal places of the ISO 4217 currencies that do not have two. */
const UNUSUAL_EXPONENTS: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

/** The circulating ISO 4217 currencies with two decimal places. Metals, funds and test codes are excluded. */
const USUAL = `
  AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP
  COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
  JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN
  NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
  THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`;

const exponents = new Map<string, number>();
for (const code of USUAL.trim().split(/\s+/)) exponents.set(code, 2);
for (const [exponent, codes] of Object.entries(UNUSUAL_EXPONENTS)) {
  for (const code of codes.split(' ')) exponents.set(code, Number(exponent));
}

/** Every currency an order can have, with its ISO 4217 exponent. */
export const CURRENCY_EXPONENTS: ReadonlyMap<string, number> = exponents;

/** The exponent of a validated currency. */
export function exponentOf(currency: string): number {
  const exponent = CURRENCY_EXPONENTS.get(currency);
  if (exponent === undefined) throw new Error(`no ISO 4217 currency: ${currency}`);
  return exponent;
}

/** An exact amount: minor units (cents, fils, whole yen) of one currency. */
export interface Money {
  readonly minor: bigint;
  readonly currency: string;
}

/** Why a decimal is not a valid amount of a currency. */
export type AmountProblem = 'too-many-decimals' | 'out-of-range';

/**
 * Reads a plain decimal ("-12.50") as minor units.
 *
 * @param decimal digits with an optional sign and point, as the Decimal scalar delivers it
 * @param exponent number of decimal places of the currency; trailing zeros beyond them are allowed
 */
export function toMinor(decimal: string, exponent: number): bigint | AmountProblem {
  const negative = decimal.startsWith('-');
  const [whole = '0', fraction = ''] = decimal.replace(/^[+-]/, '').split('.');
  const significant = fraction.replace(/0+$/, '');
  if (significant.length > exponent) return 'too-many-decimals';
  const digits = BigInt(whole + significant.padEnd(exponent, '0'));
  if (digits > MAX_MINOR) return 'out-of-range';
  return negative ? -digits : digits;
}

/** Formats minor units as a decimal with exactly the decimal places of the currency. */
export function formatMoney({ minor, currency }: Money): string {
  const exponent = exponentOf(currency);
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, '0');
  const point = digits.length - exponent;
  const text = exponent === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return minor < 0n ? `-${text}` : text;
}
