import { pick, ToolbarButton, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { examplesFor, isExample } from './examples.js';
import { linkTo, type Link } from './link.js';
import { onOwnIdsChange, ownIds } from './own-ids.js';

/** Opens the examples that are not open, after the tabs of the user. */
export function RestoreExamples() {
  const { tabs, queryEditor } = useGraphiQL(pick('tabs', 'queryEditor'));
  const actions = useGraphiQLActions();
  const ids = useSyncExternalStore(onOwnIdsChange, ownIds);
  const missing = examplesFor(ids).filter((example) => !tabs.some(({ query }) => isExample(query, example, ids)));
  if (missing.length === 0 || queryEditor === undefined) return null;
  const restore = () => {
    for (const { name, query } of missing) {
      actions.addTab();
      queryEditor.setValue(query);
      actions.updateActiveTabValues({ query });
      actions.setOperationName(name);
    }
    actions.changeTab(tabs.length);
  };
  return (
    <button type="button" className="restore-examples" onClick={restore}>
      Restore examples
    </button>
  );
}

/** Replaces earlier order ids in the open example by the current one. */
export function OwnIdsInTab() {
  const { tabs, activeTabIndex, queryEditor } = useGraphiQL(pick('tabs', 'activeTabIndex', 'queryEditor'));
  const ids = useSyncExternalStore(onOwnIdsChange, ownIds);
  const openTabId = tabs[activeTabIndex]?.id;
  useEffect(() => {
    const model = queryEditor?.getModel();
    const text = model?.getValue() ?? '';
    if (!model || !examplesFor(ids).some((example) => isExample(text, example, ids))) return;
    const updates = ids.formerOrderIds.flatMap((id) =>
      model.findMatches(id, false, false, true, null, false).map(({ range }) => ({ range, text: ids.orderId })),
    );
    if (updates.length > 0) queryEditor?.executeEdits('own ids', updates);
  }, [queryEditor, openTabId, ids]);
  return null;
}

/** Selects the operation of a link in the document that the link opened. */
export function LinkedOperation({ link: { query, operationName } }: { readonly link: Link }) {
  const { queryEditor, operations } = useGraphiQL(pick('queryEditor', 'operations'));
  const actions = useGraphiQLActions();
  const [isSelected, setIsSelected] = useState(false);
  useEffect(() => {
    const operation = operations?.find(({ name }) => name?.value === operationName);
    const model = queryEditor?.getModel();
    if (isSelected || !operation?.loc || operationName === null || !model || model.getValue() !== query) return;
    setIsSelected(true);
    actions.setOperationName(operationName);
    const position = model.getPositionAt(operation.loc.start);
    queryEditor?.setPosition(position); // Ctrl-Enter runs the operation at the cursor
    queryEditor?.revealPositionInCenterIfOutsideViewport(position);
  }, [queryEditor, operations, operationName, query, isSelected, actions]);
  return null;
}

const LABELS = {
  READY: 'Copy link to this tab',
  COPIED: 'The link is copied',
  SHOWN: 'The link is in the address bar',
  TOO_LONG: 'The tab is too long for a link',
};

export function CopyLink() {
  const store = useGraphiQL(pick('queryEditor', 'variableEditor', 'operations', 'operationName'));
  const [outcome, setOutcome] = useState<keyof typeof LABELS>('READY');
  const copy = async () => {
    const { queryEditor, variableEditor, operations = [], operationName } = store;
    const link = linkTo({
      query: queryEditor?.getValue() ?? '',
      variables: variableEditor?.getValue() ?? '',
      operationName: operations.length > 1 ? (operationName ?? null) : null,
    });
    if (link === null) return 'TOO_LONG';
    try {
      await navigator.clipboard.writeText(link);
      return 'COPIED';
    } catch {
      window.history.replaceState(null, '', link); // only HTTPS and loopback pages have a clipboard
      return 'SHOWN';
    }
  };
  return (
    <>
      <ToolbarButton
        label={LABELS[outcome]}
        onClick={() => void copy().then(setOutcome)}
        onBlur={() => setOutcome('READY')}
        onPointerLeave={() => setOutcome('READY')}
      >
        <LinkIcon />
      </ToolbarButton>
      <span role="status" className="spoken-only">
        {outcome === 'READY' ? '' : LABELS[outcome]}
      </span>
    </>
  );
}

function LinkIcon() {
  return (
    <svg className="graphiql-toolbar-icon" viewBox="0 0 14 14" fill="none" stroke="currentColor" aria-hidden="true">
      <path d="M6 8 10.5 3.5M5.5 4.5 7 3a2.8 2.8 0 0 1 4 4L9.5 8.5M8.5 9.5 7 11a2.8 2.8 0 0 1-4-4l1.5-1.5" />
    </svg>
  );
}
