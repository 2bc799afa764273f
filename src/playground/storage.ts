import type { TabsState } from '@graphiql/react';

const NAMESPACE = 'graphiql:';
const TABS = `${NAMESPACE}tabState`;
const HISTORY = new Set([`${NAMESPACE}queries`, `${NAMESPACE}favorites`]);

/** The storage of GraphiQL, without headers: they may contain secrets. */
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
 * The tab that was open when the page was closed; null on a first visit. GraphiQL stores the text of its editor before its
 * tabs: a reload between the two would open the text in an additional tab.
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
