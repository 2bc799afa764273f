import { Field, ObjectType } from 'type-graphql';
import { formatMoney } from '../../domain/money.js';
import { Currency, Decimal } from '../scalars.js';

@ObjectType('Money', { description: 'An exact amount of money.', simpleResolvers: true })
export class MoneyType {
  @Field(() => Decimal, {
    description:
      'Amount in major units, with exactly the number of decimal places that ISO 4217 defines: `"12.50"` USD, `"1250"` JPY, `"1.250"` KWD.',
  })
  readonly amount!: string;

  @Field(() => Currency, { description: 'Currency of the amount.' })
  readonly currency!: string;
}

export function toMoney(minor: bigint, currency: string): MoneyType {
  return { amount: formatMoney({ minor, currency }), currency };
}
