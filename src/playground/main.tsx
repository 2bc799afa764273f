import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './style.css';
import { GraphiQL } from 'graphiql';
import { useSyncExternalStore } from 'react';
import { createRoot } from 'react-dom/client';
import { checkAccess, currentAccess, onAccessChange } from './access.js';
import { AnswerHint } from './answer-hint.js';
import { examplesFor } from './examples.js';
import { fetcher, followTabs } from './fetcher.js';
import { readLink } from './link.js';
import { ownIds } from './own-ids.js';
import { storage, storedTab } from './storage.js';
import { TokenBar } from './token-bar.js';
import { CopyLink, LinkedOperation, OwnIdsInTab, RestoreExamples } from './tab-tools.js';
import { WatchPanel } from './watch-panel.js';

const link = readLink(window.location.search);
// The tab is stored from here on. Without the query string a reload does not open the link again.
if (link !== null) window.history.replaceState(null, '', window.location.pathname);

const stored = storedTab();
const open = link ?? stored;
const examples = examplesFor(ownIds()).map(({ query }) => ({ query, variables: '' }));

function Page() {
  // Without access, GraphiQL must not request the schema. It does so when the access changes.
  const { state } = useSyncExternalStore(onAccessChange, currentAccess);
  return (
    <GraphiQL
      fetcher={fetcher}
      storage={storage}
      onTabChange={followTabs}
      defaultTabs={link === null ? examples : [link, ...examples]}
      {...(open === null ? {} : { initialQuery: open.query, initialVariables: open.variables })}
      defaultEditorToolsVisibility={(link?.variables ?? '') === '' ? false : 'variables'}
      shouldPersistHeaders={false}
      {...(state === 'REQUIRED' ? { schema: null } : {})}
      schemaDescription
    >
      <GraphiQL.Logo>
        <RestoreExamples />
        <span className="brand">Ordergraph</span>
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, merge, copy }) => (
          <>
            {prettify}
            {merge}
            {copy}
            <CopyLink />
          </>
        )}
      </GraphiQL.Toolbar>
      <GraphiQL.Footer>
        <AnswerHint />
        <TokenBar />
        <WatchPanel />
      </GraphiQL.Footer>
      <OwnIdsInTab />
      {link === null ? null : <LinkedOperation link={link} />}
    </GraphiQL>
  );
}

const place = document.querySelector('#playground');
if (place === null) throw new Error('the page has no place for the playground');
await checkAccess();
createRoot(place).render(<Page />);
