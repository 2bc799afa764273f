import type { TabsState } from '@graphiql/react';
import { createGraphiQLFetcher, type Fetcher, type FetcherOpts, type FetcherParams } from '@graphiql/toolkit';
import {
  getOperationAST,
  Kind,
  OperationTypeNode,
  parse,
  type DocumentNode,
  type OperationDefinitionNode,
} from 'graphql';
import { accessRejected, withToken } from './access.js';
import { ownIds, renewOrderId } from './own-ids.js';
import { startWatch, stopWatch, type Answer } from './watch.js';

const sendRequest = createGraphiQLFetcher({
  url: new URL('/graphql', window.location.href).href,
  enableIncrementalDelivery: false,
});

/** Sends a request with the token of the page. */
async function send(request: FetcherParams, options?: FetcherOpts): Promise<Answer> {
  const headers = withToken(options?.headers ?? {});
  const response = (await sendRequest(request, { ...options, headers })) as Answer;
  const rejection = response.errors?.find(({ extensions }) => extensions?.code === 'UNAUTHENTICATED');
  if (rejection !== undefined) accessRejected(rejection.message);
  return response;
}

/** The open tab, and the function to call when another tab is opened. */
let openTabId: string | undefined;
let leaveTab: (() => void) | null = null;

/** GraphiQL calls it on every change of a tab, and immediately when another tab is opened. */
export function followTabs({ tabs, activeTabIndex }: TabsState): void {
  const id = tabs[activeTabIndex]?.id;
  if (id === openTabId) return;
  openTabId = id;
  leaveTab?.();
  leaveTab = null;
}

/** Parses the document again: after a change of tabs, `operationName` may still be the one of the other tab. */
export const fetcher: Fetcher = (request, options) => answer(request, options) as ReturnType<Fetcher>;

function answer({ operationName, ...request }: FetcherParams, options?: FetcherOpts): unknown {
  const documentAST = parsed(request.query);
  if (documentAST === null) return send(request, options); // the server responds with the position of the syntax error
  const operation = getOperationAST(documentAST, operationName) ?? getOperationAST(documentAST);
  const name = operation?.name?.value;
  const named = name === undefined ? request : { ...request, operationName: name };
  if (operation?.operation === OperationTypeNode.SUBSCRIPTION) return watch(named, options?.headers ?? {});
  return operation && createsOwnOrder(operation, request.query)
    ? create(named, { ...options, documentAST })
    : send(named, { ...options, documentAST });
}

function parsed(query: string): DocumentNode | null {
  try {
    return parse(query);
  } catch {
    return null;
  }
}

function createsOwnOrder({ selectionSet }: OperationDefinitionNode, query: string): boolean {
  const isCreation = selectionSet.selections.some(
    (field) => field.kind === Kind.FIELD && field.name.value === 'createOrder',
  );
  return isCreation && query.includes(ownIds().orderId);
}

/** If the id of the example order can no longer create an order, sends the request again with a new id. */
async function create(request: FetcherParams, options: FetcherOpts): Promise<Answer> {
  const answer = await send(request, options);
  const { orderId } = ownIds();
  if (!isUsedUp(answer) || !request.query.includes(orderId)) return answer;
  const query = request.query.replaceAll(orderId, renewOrderId());
  return send({ ...request, query }, options);
}

interface Creation {
  readonly replayed?: boolean;
  readonly order?: { readonly status?: string } | null;
  readonly userErrors?: readonly { readonly code?: string }[];
}

/** Whether the order is no longer PENDING, is deleted, or was created by a different request. */
function isUsedUp(answer: Answer): boolean {
  const creation = answer.data?.['createOrder'] as Creation | null | undefined;
  if (creation?.userErrors?.some(({ code }) => code === 'IDEMPOTENCY_MISMATCH' || code === 'ORDER_DELETED'))
    return true;
  return creation?.replayed === true && creation.order?.status !== undefined && creation.order.status !== 'PENDING';
}

/**
 * Starts the subscription of the watch panel. The response pane shows its newest event while the tab is open; the panel
 * lists its events until the user stops it, in the tab or in the panel.
 */
function watch(request: FetcherParams, headers: Record<string, unknown>): AsyncIterable<Answer> {
  let newest: Answer | null = null;
  let isOver = false;
  let wake: (() => void) | null = null;
  const next = (result: Answer) => {
    newest = result;
    wake?.();
  };
  const end = () => {
    isOver = true;
    wake?.();
  };
  startWatch(request, headers, { next, end });
  leaveTab = () => {
    newest = null; // the event of the other tab
    end();
  };
  const answers: AsyncIterableIterator<Answer> = {
    async next() {
      if (newest === null && !isOver) await new Promise<void>((resolve) => (wake = resolve));
      if (newest === null) return { done: true, value: undefined };
      const value = newest;
      newest = null;
      return { done: false, value };
    },
    /** GraphiQL calls it for its Stop button, and before it opens another tab; `leaveTab` is then called in the same turn. */
    async return() {
      await Promise.resolve();
      if (!isOver) stopWatch();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => answers,
  };
  return answers;
}
