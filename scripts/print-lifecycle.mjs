// Prints docs/lifecycle.md's diagram and table from the table in the code, built. With --check, compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { EDITABLE_STATUSES, INITIAL_STATUS, LIFECYCLE } from '../dist/domain/lifecycle.js';

const FILE = 'docs/lifecycle.md';

/** What other services call the statuses. */
const ELSEWHERE = {
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
const rows = entries.map(([status, next]) => {
  const editable =
    status === INITIAL_STATUS ? 'details, items and amounts' : EDITABLE_STATUSES.includes(status) ? 'details' : '–';
  return `| \`${status}\` | ${next.length === 0 ? '–' : next.join(', ')} | ${editable} | ${ELSEWHERE[status]} |`;
});
const text = `# The life of an order

Made from \`src/domain/lifecycle.ts\` by \`npm run lifecycle\`; \`npm run check\` compares them.
\`Order.allowedTransitions\` tells the same of one order.

\`\`\`mermaid
${diagram.join('\n')}
\`\`\`

| Status | Next | Editable | Elsewhere called |
| --- | --- | --- | --- |
${rows.join('\n')}

- The status it has already is success with \`changed: false\` and leaves no event.
- \`cancelOrder\` and \`updateOrderStatus\` to CANCELLED are the same; the latter for reason OTHER.
- Tracking comes with SHIPPED, and may be mended while the order is SHIPPED.
- An order may be deleted in any status. It is no order any more, but its id stays used.
- Details are name and e-mail address of the customer, addresses, notes, metadata and external reference. Amounts are
  shipping, tax and discount; the total follows. The currency never changes.
- Each change raises the version by one and leaves an event with its actor, its reason and the names of what changed.
`;

const comparable = (markdown) => markdown.replaceAll(/[ -]+/g, ' ');
if (process.argv[2] !== '--check') {
  writeFileSync(FILE, text);
} else if (comparable(readFileSync(FILE, 'utf8')) !== comparable(text)) {
  process.stderr.write(`${FILE} does not agree with the code. Run "npm run lifecycle".\n`);
  process.exitCode = 1;
}
