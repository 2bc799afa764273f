import { Extensions, Field, ID, Int, ObjectType } from 'type-graphql';
import type { OrderEventType } from '../../domain/order-event.js';
import type { OrderStatus } from '../../domain/lifecycle.js';
import { ORDER_LIMITS } from '../../domain/limits.js';
import { costs, textCost } from '../field-cost.js';
import { DateTime } from '../scalars.js';
import { connectionOf, edgeOf } from './connection.js';
import { OrderEventTypeEnum, OrderStatusEnum } from './enums.js';
import { NodeType } from './node.js';

/** No event names more fields: an order has no more that can change. */
const MOST_CHANGED_FIELDS = 30;

@ObjectType('Actor', { description: 'Who caused an event.', simpleResolvers: true })
export class ActorType {
  @Field(() => String, { nullable: true, description: 'The subject of its identity; null where nobody logs in.' })
  readonly subject!: string | null;

  @Field(() => String, {
    description: 'In which role: `customer`, `staff`, `admin`, or `system` for the server itself.',
  })
  readonly kind!: string;
}

@ObjectType('OrderEvent', {
  implements: NodeType,
  description: "One fact of an order's history. An order's versions run 1, 2, 3 … without a gap, one event each.",
  simpleResolvers: true,
})
export class OrderEventObject extends NodeType {
  @Field(() => String, {
    nullable: true,
    description:
      'Opaque position in the log of all events; null until the log has the event. No argument takes it yet.',
  })
  readonly resumeCursor!: string | null;

  @Field(() => OrderEventTypeEnum, { description: 'What kind of fact it is.' })
  readonly type!: OrderEventType;

  @Field(() => ID, { description: 'Id of the order it happened to.' })
  readonly orderId!: string;

  @Field(() => Int, { description: 'The version of the order that this event made.' })
  readonly version!: number;

  @Field(() => OrderStatusEnum, {
    nullable: true,
    description: 'The status before; null at creation, and where the status stayed.',
  })
  readonly from!: OrderStatus | null;

  @Field(() => OrderStatusEnum, { nullable: true, description: 'The status after; null where it stayed.' })
  readonly to!: OrderStatus | null;

  @Extensions(costs({ size: MOST_CHANGED_FIELDS }))
  @Field(() => [String], {
    description: "Names of the order's fields that changed; empty at creation and deletion, which concern them all.",
  })
  readonly changedFields!: readonly string[];

  @Extensions(textCost(ORDER_LIMITS.reason))
  @Field(() => String, { nullable: true, description: 'Why, in the words of who did it.' })
  readonly reason!: string | null;

  @Field(() => ActorType, { nullable: true, description: 'Who did it.' })
  readonly actor!: ActorType | null;

  @Field(() => DateTime, { description: 'When it happened, by the clock of the database.' })
  readonly occurredAt!: Date;
}

export const OrderEventEdge = edgeOf('OrderEvent', 'event', () => OrderEventObject);

@ObjectType('OrderEventConnection', { description: 'A page of events, oldest first.', simpleResolvers: true })
export class OrderEventConnection extends connectionOf('event', () => OrderEventObject, OrderEventEdge) {}
