import { withToken } from './access.js';

const MAX_WAIT_MS = 2_000;

/** The cursor of the end of the event log; null if it cannot be read, or if the log is empty. */
export async function readLogEnd(headers: Readonly<Record<string, unknown>>): Promise<string | null> {
  try {
    const response = await fetch(new URL('/graphql', window.location.href), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...withToken(headers) },
      body: JSON.stringify({ query: '{ eventLogEnd }' }),
      signal: AbortSignal.timeout(MAX_WAIT_MS),
    });
    const { data } = (await response.json()) as { readonly data?: { readonly eventLogEnd: string | null } | null };
    return data?.eventLogEnd ?? null;
  } catch {
    return null; // the subscription reports the failure
  }
}
