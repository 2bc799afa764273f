/**
 * Whether this page may use the API.
 * UNKNOWN: not checked yet, or the server does not respond. OPEN: the server requires no token.
 * REQUIRED: it rejects requests without a token, or with this one. SIGNED_IN: it accepts the token.
 */
export type Access =
  | { readonly state: 'UNKNOWN' }
  | { readonly state: 'OPEN' }
  | { readonly state: 'REQUIRED'; readonly problem: string }
  | { readonly state: 'SIGNED_IN'; readonly subject: string; readonly roles: readonly string[] };

type Headers = Readonly<Record<string, unknown>>;

interface Response {
  readonly data?: { readonly viewer?: { readonly subject: string | null; readonly roles: readonly string[] } } | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

const KEY = 'ordergraph:token';
const QUERY = '{ viewer { subject roles } }';
const MAX_WAIT_MS = 5_000;
const NO_RIGHTS = new Set(['UNAUTHENTICATED', 'FORBIDDEN']);

let token = storedToken();
let access: Access = { state: 'UNKNOWN' };
const listeners = new Set<() => void>();

export function currentAccess(): Access {
  return access;
}

export function onAccessChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Adds the token to the headers of a tab, unless they have their own. */
export function withToken(headers: Headers): Record<string, string> {
  const own = headers as Record<string, string>;
  const hasOwn = Object.keys(own).some((name) => name.toLowerCase() === 'authorization');
  return token === null || hasOwn ? own : { ...own, Authorization: `Bearer ${token}` };
}

/** Uses this token for all further requests of the window; null removes it. It is stored until the window is closed. */
export async function changeToken(next: string | null): Promise<void> {
  token = next;
  try {
    if (next === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, next);
  } catch {
    // The storage of the browser is full or disabled: the token is lost when the page is reloaded.
  }
  await checkAccess();
}

/** Requests the identity of the client. */
export async function checkAccess(): Promise<void> {
  const used = token;
  const next = await requestAccess();
  if (used === token) set(next);
}

/** Reports that the server has rejected the credentials of a request. */
export function accessRejected(problem: string): void {
  if (access.state !== 'REQUIRED') set({ state: 'REQUIRED', problem });
}

async function requestAccess(): Promise<Access> {
  try {
    const response = await fetch(new URL('/graphql', window.location.href), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...withToken({}) },
      body: JSON.stringify({ query: QUERY }),
      signal: AbortSignal.timeout(MAX_WAIT_MS),
    });
    const { data, errors = [] } = (await response.json()) as Response;
    const rejection = errors.find(({ extensions }) => NO_RIGHTS.has(extensions?.code ?? ''));
    if (rejection !== undefined) return { state: 'REQUIRED', problem: token === null ? '' : rejection.message };
    const viewer = data?.viewer;
    if (viewer === undefined) return { state: 'UNKNOWN' };
    const { subject, roles } = viewer;
    return subject === null ? { state: 'OPEN' } : { state: 'SIGNED_IN', subject, roles };
  } catch {
    return { state: 'UNKNOWN' }; // the requests of the tabs report the failure
  }
}

function set(next: Access): void {
  access = next;
  for (const listener of listeners) listener();
}

function storedToken(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null; // the browser has no storage
  }
}
