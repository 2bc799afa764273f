import { Extensions, Field, InputType, ObjectType } from 'type-graphql';
import { ORDER_LIMITS } from '../../domain/limits.js';
import { atMost } from '../description-texts.js';
import { textCost } from '../field-cost.js';
import { CountryCode } from '../scalars.js';

const LINE = atMost(ORDER_LIMITS.addressLine);

@ObjectType('Address', { description: 'A postal address.', simpleResolvers: true })
export class AddressType {
  @Field(() => String, { nullable: true, description: 'Name of the person or company at this address.' })
  readonly name!: string | null;

  @Field(() => String, { description: 'First line, such as street and number, or the whole address.' })
  readonly line1!: string;

  @Field(() => String, { nullable: true, description: 'Second line, such as apartment or floor.' })
  readonly line2!: string | null;

  @Field(() => String, { nullable: true, description: 'City or town.' })
  readonly city!: string | null;

  @Field(() => String, { nullable: true, description: 'State, province or county.' })
  readonly region!: string | null;

  @Field(() => String, { nullable: true, description: 'Postal code.' })
  readonly postalCode!: string | null;

  @Field(() => String, { nullable: true, description: 'Country as specified by the client: a code or a name.' })
  readonly country!: string | null;

  @Field(() => CountryCode, {
    nullable: true,
    description:
      'ISO 3166-1 alpha-2 code of `country`. Null if `country` is neither such a code nor the English name of a country.',
  })
  readonly countryCode!: string | null;
}

@ObjectType('Tracking', { description: 'Tracking information for a shipment.', simpleResolvers: true })
export class TrackingType {
  @Field(() => String, { nullable: true, description: 'Name of the carrier.' })
  readonly carrier!: string | null;

  @Field(() => String, { nullable: true, description: "Carrier's tracking number." })
  readonly number!: string | null;

  @Extensions(textCost(ORDER_LIMITS.trackingUrl))
  @Field(() => String, { nullable: true, description: 'URL of the tracking page.' })
  readonly url!: string | null;
}

@InputType('AddressInput', {
  description: 'A postal address. Only `line1` is required. Leading and trailing whitespace of the strings is removed.',
})
export class AddressInput {
  @Field(() => String, { nullable: true, description: `Name of the person or company at this address. ${LINE}` })
  readonly name?: string | null;

  @Field(() => String, { description: `First line, such as street and number, or the whole address. ${LINE}` })
  readonly line1!: string;

  @Field(() => String, { nullable: true, description: `Second line, such as apartment or floor. ${LINE}` })
  readonly line2?: string | null;

  @Field(() => String, { nullable: true, description: `City or town. ${LINE}` })
  readonly city?: string | null;

  @Field(() => String, { nullable: true, description: `State, province or county. ${LINE}` })
  readonly region?: string | null;

  @Field(() => String, { nullable: true, description: `Postal code. ${atMost(ORDER_LIMITS.postalCode)}` })
  readonly postalCode?: string | null;

  @Field(() => String, { nullable: true, description: `Country, as a code or a name. ${LINE}` })
  readonly country?: string | null;
}

@InputType('TrackingInput', { description: 'Tracking information for a shipment. At least one field is required.' })
export class TrackingInput {
  @Field(() => String, { nullable: true, description: `Name of the carrier. ${atMost(ORDER_LIMITS.carrier)}` })
  readonly carrier?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `Carrier's tracking number. ${atMost(ORDER_LIMITS.trackingNumber)}`,
  })
  readonly number?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `URL of the tracking page: http or https. ${atMost(ORDER_LIMITS.trackingUrl)}`,
  })
  readonly url?: string | null;
}
