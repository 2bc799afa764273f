import { Arg, Ctx, Extensions, ID, Query, Resolver } from 'type-graphql';
import { RequestError } from '../../domain/errors.js';
import { findCustomer, findEvent, findOrder } from '../../orders/find-order.js';
import type { Context } from '../context.js';
import { costs } from '../field-cost.js';
import { parseGlobalId, type GlobalId } from '../global-ids.js';
import { NodeType, type Typed } from '../types/node.js';
import { viewCustomer, viewEvent, viewItem } from '../views.js';

type AnyNode = Typed<object> | null;

const MAX_NODES = 100;

@Resolver()
export class NodeQueries {
  @Query(() => NodeType, {
    nullable: true,
    description: 'Returns an object by its globally unique id; null if it does not exist or you may not see it.',
  })
  async node(
    @Arg('id', () => ID, { description: 'Globally unique id.' }) id: string,
    @Ctx() context: Context,
  ): Promise<AnyNode> {
    return fetchNode(parseGlobalId(id), context);
  }

  @Extensions(costs({ size: ({ ids }) => (Array.isArray(ids) ? Math.min(ids.length, MAX_NODES) : 1) }))
  @Query(() => [NodeType], {
    nullable: 'items',
    description: `Returns up to ${MAX_NODES} objects by their globally unique ids, in the order of the ids; null for each that does not exist or that you may not see.`,
  })
  nodes(
    @Arg('ids', () => [ID], { description: `Globally unique ids, at most ${MAX_NODES}.` }) ids: string[],
    @Ctx() context: Context,
  ): readonly Promise<AnyNode>[] {
    if (ids.length > MAX_NODES) {
      const message = `ids must contain at most ${MAX_NODES} entries; it contains ${ids.length}.`;
      throw new RequestError('BAD_USER_INPUT', message, { details: { argument: 'ids' } });
    }
    return ids.map(parseGlobalId).map(async (id) => fetchNode(id, context)); // each fails for itself
  }
}

async function fetchNode(id: GlobalId, { reader, caller }: Context): Promise<AnyNode> {
  switch (id.kind) {
    case 'order':
      return typed('Order', await findOrder(reader, id.orderId, caller));
    case 'item': {
      const order = await findOrder(reader, id.orderId, caller);
      if (order === null) return null;
      const item = (await reader.items(order.id)).find(({ position }) => position === id.position);
      return item === undefined ? null : typed('OrderItem', viewItem(item, order.currency));
    }
    case 'event': {
      const event = await findEvent(reader, id, caller);
      return event === null ? null : typed('OrderEvent', viewEvent(event));
    }
    case 'customer': {
      const customer = await findCustomer(reader, id.customerId, caller);
      return customer === null ? null : typed('Customer', viewCustomer(customer));
    }
  }
}

function typed(name: string, value: object | null): AnyNode {
  return value === null ? null : { ...value, __typename: name };
}
