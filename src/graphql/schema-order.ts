import { isInputObjectType, isInterfaceType, isObjectType, type GraphQLSchema } from 'graphql';

const SCHEMA_DESCRIPTION = `Ordergraph: create orders, manage their lifecycle and subscribe to their status changes.

A mutation that is rejected returns the reasons in \`userErrors\`. All other failures are top-level \`errors\` with a code in \`extensions.code\`. Lengths of strings are counted in UTF-16 code units.`;

interface Root {
  readonly description: string;
  /** The order of its fields in the documentation. Other fields follow. */
  readonly fields: readonly string[];
}

const ROOTS: Readonly<Record<string, Root>> = {
  Query: {
    description: 'Reads orders, customers, statistics and the identity of the client.',
    fields: [
      'order',
      'orders',
      'orderByNumber',
      'orderByExternalReference',
      'orderEvents',
      'eventLogEnd',
      'customer',
      'orderStats',
      'viewer',
      'node',
      'nodes',
    ],
  },
  Mutation: {
    description:
      'Creates and changes orders. The mutations in a request run one after the other; each is stored or rejected independently.',
    fields: [
      'createOrder',
      'updateOrderStatus',
      'updateOrder',
      'cancelOrder',
      'assignCustomer',
      'deleteOrder',
      'eraseCustomer',
      'createOrders',
      'updateOrderStatuses',
    ],
  },
  Subscription: {
    description: 'Order events, sent over a WebSocket using the graphql-transport-ws protocol.',
    fields: ['orderStatusChanged', 'orderChanged'],
  },
};

/** The first fields of input types. Inherited fields would precede them. */
const INPUT_FIELDS = ['id', 'expectedVersion', 'idempotencyKey', 'reason', 'customerId', 'currency', 'items'];

const ARGUMENTS = [
  'where',
  'orderBy',
  'orderId',
  'customerId',
  'externalReference',
  'types',
  'to',
  'first',
  'after',
  'last',
  'before',
  'snapshot',
];

/**
 * Describes the schema and its root types, and orders what schema.graphql and the playground list: the root types first,
 * the other types by name; fields as their class declares them. The maps of graphql-js are ordered in place.
 */
export function arrangeSchema(schema: GraphQLSchema): void {
  schema.description = SCHEMA_DESCRIPTION;
  const types = schema.getTypeMap();
  reorder(types, [...Object.keys(ROOTS), ...Object.keys(types).toSorted()]);
  for (const type of Object.values(types)) {
    if (isInputObjectType(type) && 'id' in type.getFields()) reorder(type.getFields(), INPUT_FIELDS);
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    const root = ROOTS[type.name];
    const fields = type.getFields();
    if (root !== undefined) {
      type.description = root.description;
      reorder(fields, root.fields);
    }
    for (const field of Object.values(fields)) {
      field.args = field.args.toSorted((one, other) => rankOf(one.name) - rankOf(other.name));
    }
  }
}

function rankOf(argument: string): number {
  const rank = ARGUMENTS.indexOf(argument);
  return rank === -1 ? ARGUMENTS.length : rank;
}

/** Puts the keys of a record in this order. Other keys follow in their own order. */
function reorder<T>(record: Record<string, T>, order: readonly string[]): void {
  for (const key of new Set([...order, ...Object.keys(record)])) {
    const value = record[key];
    if (value === undefined) continue;
    delete record[key];
    record[key] = value;
  }
}
