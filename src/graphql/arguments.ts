import { ArgsType, Field, Int } from 'type-graphql';
import { RequestError } from '../domain/errors.js';
import { ORDER_LIMITS } from '../domain/limits.js';
import { quoted } from '../domain/quoted.js';
import { parseUuid } from '../orders/order-id.js';
import { PAGE_SIZE } from '../orders/page.js';

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: `Return at most this many entries from the start of the list or of the range set by the cursors, 0 to ${PAGE_SIZE.most}. Default: ${PAGE_SIZE.default}, unless \`last\` is given.`,
  })
  readonly first?: number | null;

  @Field(() => String, { nullable: true, description: 'Return only entries after this cursor.' })
  readonly after?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: `Return at most this many entries from the end of the list or of the range set by the cursors, 0 to ${PAGE_SIZE.most}. Cannot be combined with \`first\`.`,
  })
  readonly last?: number | null;

  @Field(() => String, { nullable: true, description: 'Return only entries before this cursor.' })
  readonly before?: string | null;
}

/** Reads an argument that must be the id of an order. @throws RequestError BAD_USER_INPUT */
export function orderIdArgument(argument: string, text: string): string {
  const uuid = parseUuid(text);
  if (uuid !== null) return uuid;
  throw new RequestError('BAD_USER_INPUT', `${argument} must be a UUID; it is ${quoted(text)}.`, {
    details: { argument },
  });
}

/** Maximum UTF-16 code units of a lookup argument: the maximum length of the stored value. */
export const LOOKUP_LIMITS = {
  customerId: ORDER_LIMITS.customerId,
  externalReference: ORDER_LIMITS.externalReference,
  number: 40,
  /** `customer:` followed by the customerId. */
  globalId: 'customer:'.length + ORDER_LIMITS.customerId,
} as const;

/** Checks the length of a lookup argument. @throws RequestError BAD_USER_INPUT */
export function lookupArgument(argument: string, text: string, limit: number): string {
  if (text.length <= limit) return text;
  const message = `${argument} must have at most ${limit} characters; it has ${text.length}.`;
  throw new RequestError('BAD_USER_INPUT', message, { details: { argument } });
}
