/** The part of a tab that a link contains. It has no headers, because they may contain secrets. */
export interface Link {
  readonly query: string;
  /** JSON, as in the variables editor. */
  readonly variables: string;
  readonly operationName: string | null;
}

/** Servers limit the request line and headers to about 16 KB in total. */
const MAX_LINK_LENGTH = 8_000;

export function readLink(search: string): Link | null {
  const parameters = new URLSearchParams(search);
  const query = parameters.get('query');
  if (query === null) return null;
  const operationName = parameters.get('operationName');
  return { query, variables: indented(parameters.get('variables') ?? ''), operationName };
}

/** The URL that opens this tab, or null if it would be too long. */
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
    return json; // the editor marks the error
  }
}
