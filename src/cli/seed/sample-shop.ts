import type { Address } from '../../domain/order.js';
import type { Random } from './random.js';

/** The data of the generated orders. */

export const CURRENCIES = [
  [45, 'USD'],
  [30, 'EUR'],
  [10, 'GBP'],
  [7, 'JPY'],
  [5, 'CHF'],
  [2, 'SEK'],
  [1, 'KWD'],
] as const;

/** Names of products, and their price in hundredths of a dollar. */
const PRODUCTS = [
  ['Green tea, 100 g', 890],
  ['Espresso beans, 1 kg', 2_450],
  ['Olive oil, 750 ml', 1_290],
  ['Sourdough bread', 520],
  ['Raclette cheese, 400 g', 1_150],
  ['Dried apples, 250 g', 640],
  ['Dark chocolate 72 %', 390],
  ['Orange marmalade', 470],
  ['Jasmine rice, 5 kg', 1_680],
  ['Crème brûlée, 2 jars', 780],
  ['Maple syrup, 500 ml', 1_540],
  ['Sparkling water, 12 bottles', 960],
  ['Cast-iron pan, 28 cm', 6_900],
  ['Chef’s knife', 11_900],
  ['Stoneware bowl', 1_850],
  ['Linen napkins, set of 4', 3_200],
  ['Pepper mill', 4_450],
  ['Coffee grinder', 15_900],
  ['Tea kettle', 5_900],
  ['Picnic basket', 8_400],
] as const;

const GIVEN = [
  'Ada',
  'Ben',
  'Chloé',
  'Dimitri',
  'Elena',
  'Farid',
  'Grace',
  'Hana',
  'Ivo',
  'Jürgen',
  'Kim',
  'Lin',
] as const;
const FAMILY = [
  'Almeida',
  'Bauer',
  'Costa',
  'Dubois',
  'Eriksson',
  'Fischer',
  'García',
  'Haddad',
  'Ito',
  'Jones',
] as const;
const STREETS = ['Station Road', 'High Street', 'Rue du Paço', 'Lindenstraße', 'Harbour Lane', 'Park Avenue'] as const;
const CITIES = [
  ['Reims', '51100', 'France'],
  ['Münster', '48143', 'Germany'],
  ['Bern', '3011', 'Switzerland'],
  ['Göteborg', '411 06', 'Sweden'],
  ['Portland', '97205', 'United States'],
  ['Leeds', 'LS1 4AP', 'United Kingdom'],
  ['大阪', '530-0001', 'Japan'],
] as const;

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly address: Address;
}

/** @param random of the customer: it is the same in all of its orders */
export function sampleCustomer(number: number, random: Random): Customer {
  const [given, family] = [random.pick(GIVEN), random.pick(FAMILY)];
  const [city, postalCode, country] = random.pick<(typeof CITIES)[number]>(CITIES);
  const name = `${given} ${family}`;
  const line1 = `${random.whole(1, 199)} ${random.pick(STREETS)}`;
  return {
    id: `customer-${String(number).padStart(6, '0')}`,
    name,
    email: `customer-${number}@example.com`,
    address: { name, line1, line2: null, city, region: null, postalCode, country },
  };
}

export interface SampleProduct {
  readonly productId: string;
  readonly sku: string;
  readonly name: string;
  /** In minor units. */
  readonly price: bigint;
}

export function sampleProduct(random: Random, exponent: number): SampleProduct {
  const number = random.whole(0, PRODUCTS.length - 1);
  const [name, cents] = PRODUCTS[number] ?? PRODUCTS[0];
  // A price of 8.90 is 890 yen, and 8.900 dinars.
  const price = BigInt(exponent === 3 ? cents * 10 : cents);
  return { productId: String(number + 1), sku: `SKU-${1_000 + number}`, name, price };
}
