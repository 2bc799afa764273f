import { useSyncExternalStore } from 'react';
import { currentAccess, onAccessChange } from './access.js';
import { formatShortcutForOS, KEY_MAP, pick, useGraphiQL } from '@graphiql/react';

/** Shows how to run the tab while it has no response. */
export function AnswerHint() {
  const { tabs, activeTabIndex, isFetching } = useGraphiQL(pick('tabs', 'activeTabIndex', 'isFetching'));
  const { state } = useSyncExternalStore(onAccessChange, currentAccess);
  if (isFetching || state === 'REQUIRED' || (tabs[activeTabIndex]?.response ?? '') !== '') return null;
  return <p className="answer-hint">Press ▶ or {formatShortcutForOS(KEY_MAP.runQuery.key, 'Cmd')} to run this tab.</p>;
}
