import type { OwnIds } from './own-ids.js';

/** A tab of the playground. */
export interface Example {
  readonly name: string;
  readonly query: string;
}

/** They run from left to right, any number of times. */
const TEMPLATES: readonly Example[] = [
  {
    name: 'Create',
    query: `# Creates an order.
# Run it again: the same id returns
# the same order, with replayed: true.
# Once its status has changed, Create
# uses a new id, and so do the other tabs.
mutation Create {
  createOrder(
    input: {
      id: "ORDER_ID"
      customerId: "CUSTOMER_ID"
      customerName: "Ada Lovelace"
      items: [
        { name: "Tea", quantity: 3, unitPrice: "4.20" }
        { name: "Milk", unitPrice: "0.99" }
      ]
    }
  ) {
    replayed
    order {
      id
      number
      status
      total {
        amount
        currency
      }
    }
    userErrors {
      code
      message
      field
    }
  }
}
`,
  },
  {
    name: 'Watch',
    query: `# Streams the status changes of your orders.
# The panel below the answer lists them
# while you run the other tabs.
subscription Watch {
  orderStatusChanged(customerId: "CUSTOMER_ID") {
    orderId
    version
    from
    to
    reason
    occurredAt
    order {
      number
      status
    }
  }
}
`,
  },
  {
    name: 'Update',
    query: `# Changes the status of the order.
# Try another status: a rejected change
# lists the allowed statuses.
mutation Update {
  updateOrderStatus(
    input: {
      id: "ORDER_ID"
      status: CONFIRMED
      reason: "paid"
    }
  ) {
    changed
    order {
      status
      version
      allowedTransitions
    }
    userErrors {
      code
      message
      ... on TransitionError {
        allowed
      }
    }
  }
}
`,
  },
  {
    name: 'Get',
    query: `# Returns one order with its history.
query Get {
  order(id: "ORDER_ID") {
    number
    status
    customer {
      name
    }
    items {
      name
      quantity
      subtotal {
        amount
      }
    }
    history {
      nodes {
        version
        from
        to
        reason
        occurredAt
      }
    }
  }
}
`,
  },
  {
    name: 'List',
    query: `# Lists your newest orders. Remove
# \`where\` to list all orders.
# For the next page, add after: "<endCursor>".
query List {
  orders(
    first: 10
    where: { customerId: "CUSTOMER_ID" }
  ) {
    nodes {
      number
      status
      customerName
      total {
        amount
        currency
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  },
  {
    name: 'Cancel',
    query: `# Cancels the order, with a reason.
# Run Create again for a new order.
mutation Cancel {
  cancelOrder(
    input: {
      id: "ORDER_ID"
      reason: CUSTOMER
      note: "ordered by mistake"
    }
  ) {
    changed
    order {
      status
      cancelReason
    }
    userErrors {
      code
      message
    }
  }
}
`,
  },
  {
    name: 'Statistics',
    query: `# Counts and totals of all orders.
query Statistics {
  orderStats {
    count
    byStatus {
      status
      count
    }
    money {
      gross {
        amount
        currency
      }
    }
    asOf
  }
}
`,
  },
];

export function examplesFor({ orderId, customerId }: Pick<OwnIds, 'customerId' | 'orderId'>): readonly Example[] {
  return TEMPLATES.map(({ name, query }) => ({
    name,
    query: query.replaceAll('ORDER_ID', orderId).replaceAll('CUSTOMER_ID', customerId),
  }));
}

/** Whether a text is this example, also after edits: it has the first line of the example and an id of this browser. */
export function isExample(text: string | null, example: Example, ids: OwnIds): boolean {
  if (text === null || !text.startsWith(firstLine(example.query))) return false;
  const own = [ids.customerId, ids.orderId, ...ids.formerOrderIds];
  const hasIds = own.some((id) => example.query.includes(id));
  return !hasIds || own.some((id) => text.includes(id));
}

function firstLine(text: string): string {
  return text.slice(0, text.indexOf('\n') + 1);
}
