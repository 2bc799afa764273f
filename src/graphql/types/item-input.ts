import { Field, InputType, Int } from 'type-graphql';
import type { DecimalInput } from '../../domain/decimal.js';
import { ORDER_LIMITS } from '../../domain/limits.js';
import { atMost, grouped } from '../description-texts.js';
import { Decimal } from '../scalars.js';

function defaultInCatalogue(what: string): string {
  return `Required, unless the server has a product catalogue and \`productId\` is given; the default is then the ${what} in the catalogue.`;
}

@InputType('OrderItemInput', { description: 'An item of an order: a product or service, its quantity and its price.' })
export class OrderItemInput {
  @Field(() => String, {
    nullable: true,
    description: `Id of the product. No leading or trailing whitespace. ${atMost(ORDER_LIMITS.productId)}`,
  })
  readonly productId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `Stock keeping unit. No leading or trailing whitespace. ${atMost(ORDER_LIMITS.sku)}`,
  })
  readonly sku?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `Name of the item. ${atMost(ORDER_LIMITS.itemName)} ${defaultInCatalogue('name')}`,
  })
  readonly name?: string | null;

  @Field(() => Int, { defaultValue: 1, description: `Number of units, 1 to ${grouped(ORDER_LIMITS.quantity)}.` })
  readonly quantity!: number;

  @Field(() => Decimal, {
    nullable: true,
    description: `Price of one unit in major units of the currency of the order: 0 or more, with at most the number of decimal places that ISO 4217 defines. ${defaultInCatalogue('price')}`,
  })
  readonly unitPrice?: DecimalInput | null;

  @Field(() => Decimal, {
    nullable: true,
    description: 'Unit price that you expect. If it differs, the request is rejected with PRICE_CHANGED.',
  })
  readonly expectedUnitPrice?: DecimalInput | null;
}
