/** A tab of the playground. */
export interface Example {
  readonly name: string;
  readonly query: string;
}

/** Made once, so that every example is about the same order and `create` can be run any number of times. */
const ID = '0198a6c0-97a3-7c1d-8e5b-3f6a91b20c4d';

/** Ready to run as they stand, from left to right. */
export const EXAMPLES: readonly Example[] = [
  {
    name: 'Create',
    query: `# Takes an order.
# Run it again: the same id answers
# the same order, with replayed: true.
mutation Create {
  createOrder(
    input: {
      id: "${ID}"
      customerId: "ada"
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
    query: `# Waits for changes, over a websocket.
# Run it, then Update in a second window.
# Where that changes nothing, nothing
# comes: choose another status there.
subscription Watch {
  orderStatusChanged(orderId: "${ID}") {
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
    query: `# Moves the order.
# Try another status: what is not allowed
# is refused with what is.
mutation Update {
  updateOrderStatus(input: { id: "${ID}", status: CONFIRMED, reason: "paid" }) {
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
    query: `# One order, with all that happened to it.
query Get {
  order(id: "${ID}") {
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
    query: `# The newest orders. For the next page,
# put endCursor into after.
query List {
  orders(first: 10, after: null, where: { status: { notIn: [CANCELLED] } }) {
    totalCount
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
    query: `# Calls the order off, and says why.
mutation Cancel {
  cancelOrder(input: { id: "${ID}", reason: CUSTOMER, note: "changed her mind" }) {
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
    query: `# All orders, added up.
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
