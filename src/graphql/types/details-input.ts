import { Field, InputType } from 'type-graphql';
import { ORDER_LIMITS } from '../../domain/limits.js';
import type { DetailsInput } from '../../domain/order-details.js';
import type { Metadata } from '../../domain/order.js';
import { atMost, METADATA_LIMITS } from '../description-texts.js';
import { EmailAddress, JSONObject } from '../scalars.js';
import { AddressInput } from './address.js';

/** The details that a creation sets and an update changes. A missing one does not compile. */
@InputType()
export abstract class OrderDetailsInput implements Record<keyof DetailsInput, unknown> {
  @Field(() => String, { nullable: true, description: `Name of the customer. ${atMost(ORDER_LIMITS.customerName)}` })
  readonly customerName!: string | null | undefined;

  @Field(() => EmailAddress, {
    nullable: true,
    description: `E-mail address of the customer. ${atMost(ORDER_LIMITS.customerEmail)}`,
  })
  readonly customerEmail!: string | null | undefined;

  @Field(() => String, {
    nullable: true,
    description: `Id of the order in the client's system. If another order of the same customer has it, the request is rejected with DUPLICATE; guest orders share a single namespace. No leading or trailing whitespace. ${atMost(ORDER_LIMITS.externalReference)}`,
  })
  readonly externalReference!: string | null | undefined;

  @Field(() => AddressInput, { nullable: true, description: 'Shipping address.' })
  readonly shippingAddress!: AddressInput | null | undefined;

  @Field(() => AddressInput, { nullable: true, description: 'Billing address.' })
  readonly billingAddress!: AddressInput | null | undefined;

  @Field(() => String, { nullable: true, description: `Notes from the customer. ${atMost(ORDER_LIMITS.notes)}` })
  readonly notes!: string | null | undefined;

  @Field(() => JSONObject, {
    nullable: true,
    description: `Client-defined data: a JSON object, ${METADATA_LIMITS}. An update replaces the whole object. Numbers have double precision. The sequence of keys is not preserved.`,
  })
  readonly metadata!: Metadata | null | undefined;
}
