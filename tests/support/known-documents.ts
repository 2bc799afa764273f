/*
 * The fast lane answers only requests of known documents, and most tests send a document once. With
 * TEST_KNOWN_DOCUMENTS=on, each document is sent before its request under an operation name that it does not have, so that
 * the server validates but does not execute it. The fast lane then answers the request itself.
 */
const send = globalThis.fetch;

function queryOf(body: unknown): string | null {
  if (typeof body !== 'string') return null;
  try {
    const { query } = JSON.parse(body) as { readonly query?: unknown };
    return typeof query === 'string' ? query : null;
  } catch {
    return null; // malformed on purpose
  }
}

if (process.env['TEST_KNOWN_DOCUMENTS'] === 'on') {
  globalThis.fetch = async (input, init) => {
    const query = queryOf(init?.body);
    if (query !== null) {
      const body = JSON.stringify({ query, operationName: 'NoSuchOperation' });
      const known = await send(input, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      await known.text();
    }
    return send(input, init);
  };
}
