import { Extensions, Field, ID, Int, ObjectType } from 'type-graphql';
import type { OrderEventType } from '../../domain/order-event.js';
import type { OrderStatus } from '../../domain/lifecycle.js';
import { ORDER_LIMITS } from '../../domain/limits.js';
import { costs, textCost } from '../field-cost.js';
import { DateTime } from '../scalars.js';
import { connectionOf, edgeOf } from './connection.js';
import { OrderEventTypeEnum, OrderStatusEnum } from './enums.js';
import { NodeType } from './node.js';

/** Upper bound of the changed fields of an event: an order has fewer fields that can change. */
const MOST_CHANGED_FIELDS = 30;

@ObjectType('Actor', { description: 'The identity that caused an event.', simpleResolvers: true })
export class ActorType {
  @Field(() => String, {
    nullable: true,
    description: 'Subject of the authenticated identity; null without authentication.',
  })
  readonly subject!: string | null;

  @Field(() => String, {
    description: 'Role: `customer`, `staff` or `admin`; `system` for the server itself.',
  })
  readonly kind!: string;
}

@ObjectType('OrderEvent', {
  implements: NodeType,
  description:
    'An event in the history of an order. Each change creates one event, so the events of an order have the versions 1, 2, 3 … without gaps.',
  simpleResolvers: true,
})
export class OrderEventObject extends NodeType {
  @Field(() => String, {
    nullable: true,
    description:
      'Opaque cursor of the event log, for `after` of `orderEvents` and of the subscriptions. Null until a position is assigned, a moment after the change.',
  })
  readonly resumeCursor!: string | null;

  @Field(() => OrderEventTypeEnum, { description: 'Type of the event.' })
  readonly type!: OrderEventType;

  @Field(() => ID, { description: 'Id of the order.' })
  readonly orderId!: string;

  @Field(() => Int, { description: 'Version of the order after this event.' })
  readonly version!: number;

  @Field(() => OrderStatusEnum, {
    nullable: true,
    description: 'Status before the event; null if the status did not change, and at creation.',
  })
  readonly from!: OrderStatus | null;

  @Field(() => OrderStatusEnum, {
    nullable: true,
    description: 'Status after the event; null if the status did not change.',
  })
  readonly to!: OrderStatus | null;

  @Extensions(costs({ size: MOST_CHANGED_FIELDS }))
  @Field(() => [String], {
    description:
      'Names of the fields of the order that changed. Empty for CREATED and DELETED, which affect all fields.',
  })
  readonly changedFields!: readonly string[];

  @Extensions(textCost(ORDER_LIMITS.reason))
  @Field(() => String, { nullable: true, description: 'Reason given for the change; null if none was given.' })
  readonly reason!: string | null;

  @Field(() => ActorType, { nullable: true, description: 'Identity that caused the event.' })
  readonly actor!: ActorType | null;

  @Field(() => DateTime, { description: 'Time of the event, according to the database clock.' })
  readonly occurredAt!: Date;
}

export const OrderEventEdge = edgeOf('OrderEvent', 'event', () => OrderEventObject);

@ObjectType('OrderEventConnection', { description: 'A page of events, oldest first.', simpleResolvers: true })
export class OrderEventConnection extends connectionOf('event', () => OrderEventObject, OrderEventEdge) {}
