// Ordinary traffic: 70 % reads, 20 % creations, 10 % status changes.
import {
  anyCustomer,
  changeStatus,
  createOrder,
  getOrder,
  hasNextStatus,
  listOrders,
  type KnownOrder,
} from './requests.ts';

/** The orders that this virtual user has created. No other one changes them, so their versions are known. */
const own: KnownOrder[] = [];
const MAX_OWN = 100;

/** Sends one request of the mix. */
export function mixedTraffic(): void {
  const draw = Math.random();
  const known = own[Math.floor(Math.random() * own.length)];
  if (draw < 0.2) create();
  else if (known === undefined) listOrders(null);
  else if (draw < 0.3) change(known);
  else if (draw < 0.7) getOrder(known);
  else listOrders(draw < 0.85 ? known.customerId : null);
}

function create(): void {
  const order = createOrder(anyCustomer());
  if (order === null) return;
  own.push(order);
  if (own.length > MAX_OWN) own.shift();
}

/** Orders without a next status and those in an unknown state are dropped. */
function change(known: KnownOrder): void {
  if (!changeStatus(known) || !hasNextStatus(known)) own.splice(own.indexOf(known), 1);
}
