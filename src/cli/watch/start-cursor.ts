import type { WatchedEvent } from './event-request.js';
import type { Ending } from './ending.js';
import { postQuery, type QueryRequest } from './post-query.js';

/** Where the next subscription starts. */
export interface StartCursor {
  /** Null at the beginning of an empty log. */
  readonly cursor: string | null;
  /** An event that is not sent again. */
  readonly first: WatchedEvent | null;
}

/** The end of the log, read before the first subscription: without an event it is the only cursor to resume with. */
export async function readLogEnd(
  request: Pick<QueryRequest, 'url' | 'token'>,
  signal: AbortSignal,
): Promise<StartCursor | Ending> {
  const answer = await postQuery({ ...request, query: '{ eventLogEnd }' }, signal);
  if (!('data' in answer)) return answer;
  const { eventLogEnd } = answer.data as { readonly eventLogEnd: string | null };
  return { cursor: eventLogEnd, first: null };
}

interface FirstPage {
  readonly orderEvents: {
    readonly nodes: readonly WatchedEvent[];
    readonly pageInfo: { readonly endCursor: string | null };
  };
}

/** The first event of a log that was empty. @param request selects the first event of `orderEvents` */
export async function readFirstEvent(request: QueryRequest, signal: AbortSignal): Promise<StartCursor | Ending> {
  const answer = await postQuery(request, signal);
  if (!('data' in answer)) return answer;
  const { nodes, pageInfo } = (answer.data as FirstPage).orderEvents;
  const [first = null] = nodes;
  return { cursor: first?.resumeCursor ?? pageInfo.endCursor, first };
}
