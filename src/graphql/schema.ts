import 'reflect-metadata';
import { isObjectType, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { buildSchemaSync, type PubSub } from 'type-graphql';
import { assertReadable } from './assert-readable.js';
import { directResolvers } from './direct-resolvers.js';
import { PLANNED_RESOLVER } from './execution/plan.js';
import { applyPolicy } from './least-role.js';
import { policyOf } from './policy.js';
import { BulkMutations } from './resolvers/bulk-mutations.js';
import { EventQueries } from './resolvers/event-queries.js';
import { NodeQueries } from './resolvers/node-queries.js';
import { OrderFields } from './resolvers/order-fields.js';
import { OrderMutations } from './resolvers/order-mutations.js';
import { OrderQueries } from './resolvers/order-queries.js';
import { CustomerFields, OrderEventFields } from './resolvers/related-fields.js';
import { StatisticsResolver } from './resolvers/statistics.js';
import { OrderSubscriptions } from './resolvers/subscriptions.js';
import { ViewerQuery } from './resolvers/viewer.js';
import { arrangeSchema } from './schema-order.js';
import { IdempotencyError, InputError, TransitionError, VersionConflictError } from './types/user-errors.js';

/** type-graphql requires it. It is never used, because every subscription has its own source. */
const NO_PUBSUB: PubSub = {
  publish() {
    throw new Error('events are published by the hub');
  },
  subscribe() {
    throw new Error('events come from the hub');
  },
};

/** The schema of the API, ready to execute with a `Context`. Every field must have a rule in the policy. */
export function createSchema(policy = policyOf({ customerPrices: false })): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [
      OrderQueries,
      EventQueries,
      OrderMutations,
      BulkMutations,
      OrderFields,
      OrderEventFields,
      CustomerFields,
      NodeQueries,
      StatisticsResolver,
      OrderSubscriptions,
      ViewerQuery,
    ],
    orphanedTypes: [InputError, IdempotencyError, TransitionError, VersionConflictError],
    pubSub: NO_PUBSUB,
    validate: false,
  });
  applyPolicy(schema, policy);
  arrangeSchema(schema);
  guardArguments(schema);
  return schema;
}

/**
 * Rejects arguments that the database cannot store before a resolver runs. Plans check the arguments themselves, and call
 * the methods of the resolvers directly.
 */
function guardArguments(schema: GraphQLSchema): void {
  const direct = directResolvers(schema);
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      if (field.resolve === undefined) continue;
      const resolve = direct.get(`${type.name}.${field.name}`) ?? field.resolve;
      field.extensions = { ...field.extensions, [PLANNED_RESOLVER]: resolve };
      if (field.args.length > 0) field.resolve = guarded(field.resolve);
    }
  }
}

function guarded(resolve: GraphQLFieldResolver<unknown, unknown>): GraphQLFieldResolver<unknown, unknown> {
  return (source, args, context, info): unknown => {
    assertReadable(args);
    return resolve(source, args, context, info);
  };
}
