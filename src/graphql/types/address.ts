import { Extensions, Field, InputType, ObjectType } from 'type-graphql';
import { ORDER_LIMITS } from '../../domain/limits.js';
import { textCost } from '../field-cost.js';
import { CountryCode } from '../scalars.js';

@ObjectType('Address', { description: 'A postal address; one line is enough.', simpleResolvers: true })
export class AddressType {
  @Field(() => String, { nullable: true, description: 'Who lives or works there.' })
  readonly name!: string | null;

  @Field(() => String, { description: 'First line, such as street and number, or all of the address.' })
  readonly line1!: string;

  @Field(() => String, { nullable: true, description: 'Second line.' })
  readonly line2!: string | null;

  @Field(() => String, { nullable: true, description: 'City or place.' })
  readonly city!: string | null;

  @Field(() => String, { nullable: true, description: 'State, province or county.' })
  readonly region!: string | null;

  @Field(() => String, { nullable: true, description: 'Postal code.' })
  readonly postalCode!: string | null;

  @Field(() => String, { nullable: true, description: 'Country, as it was written: a code or a name.' })
  readonly country!: string | null;

  @Field(() => CountryCode, {
    nullable: true,
    description: 'The country as ISO 3166-1 alpha-2, where it was written as that code or by an English name.',
  })
  readonly countryCode!: string | null;
}

@ObjectType('Tracking', { description: 'Where the goods are on their way.', simpleResolvers: true })
export class TrackingType {
  @Field(() => String, { nullable: true, description: 'Who carries them.' })
  readonly carrier!: string | null;

  @Field(() => String, { nullable: true, description: "The carrier's number for them." })
  readonly number!: string | null;

  @Extensions(textCost(ORDER_LIMITS.trackingUrl))
  @Field(() => String, { nullable: true, description: 'Page that shows where they are.' })
  readonly url!: string | null;
}

@InputType('AddressInput', { description: 'A postal address; one line is enough. Texts are trimmed.' })
export class AddressInput {
  @Field(() => String, { nullable: true, description: 'Who lives or works there. At most 500 characters.' })
  readonly name?: string | null;

  @Field(() => String, {
    description: 'First line, such as street and number, or all of the address. At most 500 characters.',
  })
  readonly line1!: string;

  @Field(() => String, { nullable: true, description: 'Second line. At most 500 characters.' })
  readonly line2?: string | null;

  @Field(() => String, { nullable: true, description: 'City or place. At most 500 characters.' })
  readonly city?: string | null;

  @Field(() => String, { nullable: true, description: 'State, province or county. At most 500 characters.' })
  readonly region?: string | null;

  @Field(() => String, { nullable: true, description: 'Postal code. At most 32 characters.' })
  readonly postalCode?: string | null;

  @Field(() => String, { nullable: true, description: 'Country, as a code or a name. At most 500 characters.' })
  readonly country?: string | null;
}

@InputType('TrackingInput', { description: 'Where the goods are on their way; at least one of its fields is given.' })
export class TrackingInput {
  @Field(() => String, { nullable: true, description: 'Who carries them. At most 100 characters.' })
  readonly carrier?: string | null;

  @Field(() => String, { nullable: true, description: "The carrier's number for them. At most 100 characters." })
  readonly number?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Page that shows where they are: http or https. At most 2,000 characters.',
  })
  readonly url?: string | null;
}
