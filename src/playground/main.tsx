import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { getOperationAST, parse, type DocumentNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { createRoot } from 'react-dom/client';
import { EXAMPLES } from './examples.js';

const url = new URL('/graphql', window.location.href);
const socket = new URL(url);
socket.protocol = url.protocol.replace('http', 'ws');

const send = createGraphiQLFetcher({ url: url.href, wsClient: createClient({ url: socket.href }) });

/** After a change of tabs GraphiQL may still speak of the other tab's document, so what is sent is read anew. */
const fetcher: Fetcher = ({ operationName, ...request }, options) => {
  const documentAST = parsed(request.query);
  if (documentAST === null) return send(request, options); // the server says what is wrong with it
  const operation = getOperationAST(documentAST, operationName) ?? getOperationAST(documentAST);
  const name = operation?.name?.value;
  return send(name === undefined ? request : { ...request, operationName: name }, { ...options, documentAST });
};

function parsed(query: string): DocumentNode | null {
  try {
    return parse(query);
  } catch {
    return null;
  }
}

const place = document.querySelector('#playground');
if (place === null) throw new Error('the page has no place for the playground');
createRoot(place).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={EXAMPLES.map(({ query }) => ({ query }))}
    defaultEditorToolsVisibility={false}
    isHeadersEditorEnabled={false}
  >
    <GraphiQL.Logo>Ordergraph</GraphiQL.Logo>
  </GraphiQL>,
);
