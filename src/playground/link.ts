/** What a link carries into a tab. Headers may hold secrets: no link carries them. */
export interface Link {
  readonly query: string;
  /** JSON, as the editor of the variables shows it. */
  readonly variables: string;
  readonly operationName: string | null;
}

/** A server accepts about 16 KB of headers, and the address is one of them. */
const MAX_LINK_LENGTH = 8_000;

export function readLink(search: string): Link | null {
  const parameters = new URLSearchParams(search);
  const query = parameters.get('query');
  if (query === null) return null;
  const operationName = parameters.get('operationName');
  return { query, variables: indented(parameters.get('variables') ?? ''), operationName };
}

/** The address that opens this tab, or null where it is too long for an address. */
export function linkTo({ query, variables, operationName }: Link): string | null {
  const address = new URL('/', window.location.href);
  address.searchParams.set('query', query);
  if (variables.trim() !== '') address.searchParams.set('variables', variables);
  if (operationName !== null) address.searchParams.set('operationName', operationName);
  return address.href.length > MAX_LINK_LENGTH ? null : address.href;
}

function indented(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json; // the editor shows the person what is wrong with it
  }
}
