import { formatShortcutForOS, KEY_MAP, pick, useGraphiQL } from '@graphiql/react';
import { useSyncExternalStore } from 'react';
import { currentAccess, onAccessChange } from './access.js';

/** Shows what to do while the tab has no response. */
export function AnswerHint() {
  const { tabs, activeTabIndex, isFetching } = useGraphiQL(pick('tabs', 'activeTabIndex', 'isFetching'));
  const { state } = useSyncExternalStore(onAccessChange, currentAccess);
  if (isFetching || (tabs[activeTabIndex]?.response ?? '') !== '') return null;
  const hint =
    state === 'REQUIRED'
      ? 'Enter a token below to use this server.'
      : `Press ▶ or ${formatShortcutForOS(KEY_MAP.runQuery.key, 'Cmd')} to run this tab.`;
  return <p className="answer-hint">{hint}</p>;
}
