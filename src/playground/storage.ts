import type { TabsState } from '@graphiql/react';

const NAMESPACE = 'graphiql:';
const TABS = `${NAMESPACE}tabState`;
const HISTORY = new Set([`${NAMESPACE}queries`, `${NAMESPACE}favorites`]);

/** What GraphiQL remembers. Headers may hold secrets: the browser does not store them, in the history neither. */
export const storage = {
  getItem: (key: string) => localStorage.getItem(key),
  setItem: (key: string, value: string) => localStorage.setItem(key, HISTORY.has(key) ? withoutHeaders(value) : value),
  removeItem: (key: string) => localStorage.removeItem(key),
  get length() {
    return ownKeys().length;
  },
  clear: () => {
    for (const key of ownKeys()) localStorage.removeItem(key);
  },
};

/**
 * The tab that was open when the page was left; null on a first visit. GraphiQL stores the text of its editor earlier
 * than its tabs: a reload in between would add the text as one more tab.
 */
export function storedTab(): { readonly query: string; readonly variables: string } | null {
  try {
    const stored = JSON.parse(localStorage.getItem(TABS) ?? 'null') as TabsState | null;
    const tab = stored?.tabs[stored.activeTabIndex];
    return tab === undefined ? null : { query: tab.query ?? '', variables: tab.variables ?? '' };
  } catch {
    return null; // GraphiQL ignores it too
  }
}

function withoutHeaders(json: string): string {
  return JSON.stringify(JSON.parse(json), (key, value: unknown) => (key === 'headers' ? undefined : value));
}

function ownKeys(): string[] {
  return Object.keys(localStorage).filter((key) => key.startsWith(NAMESPACE));
}
