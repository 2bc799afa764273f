/** Ids of this browser. With them the examples never meet the orders of another browser. */
export interface OwnIds {
  readonly customerId: string;
  /** Of the order that the examples are about. */
  readonly orderId: string;
  /** Of the orders that they were about before, newest first. */
  readonly formerOrderIds: readonly string[];
}

const KEY = 'ordergraph:ids';
const MAX_FORMER_IDS = 50;

let ids = stored() ?? save({ customerId: `visitor-${uuid().slice(0, 8)}`, orderId: uuid(), formerOrderIds: [] });
const listeners = new Set<() => void>();

export function ownIds(): OwnIds {
  return ids;
}

/** Gives the examples the id of a new order, and returns it. */
export function renewOrderId(): string {
  const formerOrderIds = [ids.orderId, ...ids.formerOrderIds].slice(0, MAX_FORMER_IDS);
  change(save({ ...ids, orderId: uuid(), formerOrderIds }));
  return ids.orderId;
}

export function onOwnIdsChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Another window of this browser has renewed the id. */
window.addEventListener('storage', ({ key }) => {
  if (key === KEY) change(stored() ?? ids);
});

function change(next: OwnIds): void {
  ids = next;
  for (const listener of listeners) listener();
}

function stored(): OwnIds | null {
  try {
    const value = JSON.parse(localStorage.getItem(KEY) ?? 'null') as OwnIds | null;
    const isComplete =
      typeof value?.customerId === 'string' && typeof value.orderId === 'string' && Array.isArray(value.formerOrderIds);
    return isComplete ? value : null;
  } catch {
    return null; // not written by this page: new ids replace it
  }
}

function save(next: OwnIds): OwnIds {
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // The storage of the browser is full or forbidden: the ids hold until the page is reloaded.
  }
  return next;
}

/** A UUID of version 4. `crypto.randomUUID` exists only on HTTPS and loopback pages. */
function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
