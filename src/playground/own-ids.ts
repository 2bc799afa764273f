/** Ids of this browser, so that its examples do not use the orders of another browser. */
export interface OwnIds {
  readonly customerId: string;
  /** Id of the order in the examples. */
  readonly orderId: string;
  /** Earlier ids of the order in the examples, newest first. */
  readonly formerOrderIds: readonly string[];
}

const KEY = 'ordergraph:ids';
const MAX_FORMER_IDS = 50;

let ids = stored() ?? save({ customerId: `visitor-${uuid().slice(0, 8)}`, orderId: uuid(), formerOrderIds: [] });
const listeners = new Set<() => void>();

export function ownIds(): OwnIds {
  return ids;
}

/** Replaces the order id of the examples. @returns the new id */
export function renewOrderId(): string {
  const formerOrderIds = [ids.orderId, ...ids.formerOrderIds].slice(0, MAX_FORMER_IDS);
  change(save({ ...ids, orderId: uuid(), formerOrderIds }));
  return ids.orderId;
}

export function onOwnIdsChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Another window of this browser has changed the ids. */
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
    return null; // not written by this page, so new ids replace it
  }
}

function save(next: OwnIds): OwnIds {
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // The storage of the browser is full or disabled: the ids are lost when the page is reloaded.
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
