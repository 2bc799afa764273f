// Writes docs/lifecycle.md from src/domain/lifecycle.ts, built. With --check, compares the file instead.
import { readFileSync, writeFileSync } from 'node:fs';
import { EDITABLE_DETAILS } from '../dist/domain/order-details.js';
import {
  CUSTOMER_EDITABLE_STATUSES,
  CUSTOMER_LIFECYCLE,
  EDITABLE_STATUSES,
  INITIAL_STATUS,
  LIFECYCLE,
} from '../dist/domain/lifecycle.js';

const FILE = 'docs/lifecycle.md';

/** Names of the statuses in other services. */
const OTHER_NAMES = {
  PENDING: 'created, new, open, placed, unfulfilled',
  CONFIRMED: 'accepted, approved, paid',
  PROCESSING: 'in progress, picking, packing',
  SHIPPED: 'in_transit, dispatched, fulfilled',
  DELIVERED: 'received, arrived',
  COMPLETED: 'closed, done, archived',
  CANCELLED: 'canceled, voided, rejected',
};

const entries = Object.entries(LIFECYCLE);
const diagram = [
  'stateDiagram-v2',
  `  [*] --> ${INITIAL_STATUS}`,
  ...entries.flatMap(([from, next]) => next.map((to) => `  ${from} --> ${to}`)),
  ...entries.filter(([, next]) => next.length === 0).map(([last]) => `  ${last} --> [*]`),
];
/** The fields that the policy lets a customer send in an update. */
const CUSTOMER_DETAILS = 'addresses, e-mail and notes';

/** What a customer may do with its own order. */
function customerRights(status) {
  const next = CUSTOMER_LIFECYCLE[status].join(', ');
  const editable = CUSTOMER_EDITABLE_STATUSES.includes(status) ? `edit ${CUSTOMER_DETAILS}` : '';
  return [next, editable].filter(Boolean).join('; ') || '–';
}

const rows = entries.map(([status, next]) => {
  const editable =
    status === INITIAL_STATUS ? 'details, items and amounts' : EDITABLE_STATUSES.includes(status) ? 'details' : '–';
  return `| \`${status}\` | ${next.length === 0 ? '–' : next.join(', ')} | ${editable} | ${customerRights(status)} | ${OTHER_NAMES[status]} |`;
});
const text = `# Order lifecycle

Staff and admins may make all of these transitions. Generated from \`src/domain/lifecycle.ts\` by
\`npm run lifecycle\`.

\`\`\`mermaid
${diagram.join('\n')}
\`\`\`

| Status | Allowed transitions | Editable | Customers, on their own orders | Names in other services |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

- A transition to the current status succeeds with \`changed: false\` and stores no event.
- \`cancelOrder\` takes a reason. \`updateOrderStatus\` to CANCELLED is the same with the reason OTHER. The reason of a
  customer's cancellation is always CUSTOMER.
- \`Order.allowedTransitions\` and \`TransitionError.allowed\` list the transitions that the viewer may make.
- Tracking can be set with the transition to SHIPPED, and corrected while the order is SHIPPED.
- Details are ${EDITABLE_DETAILS.map((name) => `\`${name}\``).join(', ')}. Amounts are \`shipping\`, \`tax\` and
  \`discount\`; the server computes the total. The currency never changes.
- A guest order can be assigned to a customer in any status.
- An order can be deleted in any status. Its items and personal data are erased, and its id cannot be used again.
- Every change raises the version by one and stores an event with the actor, the reason and the names of the changed fields.
`;

const comparable = (markdown) => markdown.replaceAll(/[ -]+/g, ' ');
if (process.argv[2] !== '--check') {
  writeFileSync(FILE, text);
} else if (comparable(readFileSync(FILE, 'utf8')) !== comparable(text)) {
  process.stderr.write(`${FILE} is out of date. Run "npm run lifecycle".\n`);
  process.exitCode = 1;
}
