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
import { ownIds, renewOrderId } from './own-ids.js';
import { startWatch, stopWatch, type Answer } from './watch.js';

const send = createGraphiQLFetcher({
  url: new URL('/graphql', window.location.href).href,
  enableIncrementalDelivery: false,
});

/** The tab that is open, and what ends with its being open. */
let openTabId: string | undefined;
let leaveTab: (() => void) | null = null;

/** GraphiQL calls it at every change of a tab, and at once when another tab is opened. */
export function followTabs({ tabs, activeTabIndex }: TabsState): void {
  const id = tabs[activeTabIndex]?.id;
  if (id === openTabId) return;
  openTabId = id;
  leaveTab?.();
  leaveTab = null;
}

/** After a change of tabs GraphiQL may still name the operation of the other tab, so the document is parsed again. */
export const fetcher: Fetcher = (request, options) => answer(request, options) as ReturnType<Fetcher>;

function answer({ operationName, ...request }: FetcherParams, options?: FetcherOpts): unknown {
  const documentAST = parsed(request.query);
  if (documentAST === null) return send(request, options); // the server answers with the position of the mistake
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

/** Where the id of the example order is used up, sends the same again with a new one. */
async function create(request: FetcherParams, options: FetcherOpts): Promise<Answer> {
  const answer = (await send(request, options)) as Answer;
  const { orderId } = ownIds();
  if (!isUsedUp(answer) || !request.query.includes(orderId)) return answer;
  const query = request.query.replaceAll(orderId, renewOrderId());
  return (await send({ ...request, query }, options)) as Answer;
}

interface Creation {
  readonly replayed?: boolean;
  readonly order?: { readonly status?: string } | null;
  readonly userErrors?: readonly { readonly code?: string }[];
}

/** The order has left PENDING or is deleted, or another text has created it. */
function isUsedUp(answer: Answer): boolean {
  const creation = answer.data?.['createOrder'] as Creation | null | undefined;
  if (creation?.userErrors?.some(({ code }) => code === 'IDEMPOTENCY_MISMATCH' || code === 'ORDER_DELETED'))
    return true;
  return creation?.replayed === true && creation.order?.status !== undefined && creation.order.status !== 'PENDING';
}

/**
 * Starts the panel's watch. The answer pane shows its newest event while the tab is open; the panel lists them until
 * the person stops it, here or there.
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
    newest = null; // it belongs to the tab that is left
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
    /** GraphiQL calls it for its Stop button, and before it opens another tab: then `leaveTab` follows in the same turn. */
    async return() {
      await Promise.resolve();
      if (!isOver) stopWatch();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => answers,
  };
  return answers;
}
