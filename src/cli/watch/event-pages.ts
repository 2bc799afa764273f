import type { Ending } from './ending.js';
import type { WatchedEvent } from './event-request.js';
import { postQuery, type QueryRequest } from './post-query.js';

/** The end of the log, read before the first subscription: without an event it is the only cursor to resume with. */
export async function readLogEnd(
  request: Pick<QueryRequest, 'url' | 'token'>,
  signal: AbortSignal,
): Promise<{ readonly cursor: string | null } | Ending> {
  const answer = await postQuery({ ...request, query: '{ eventLogEnd }' }, signal);
  if (!('data' in answer)) return answer;
  const { eventLogEnd } = answer.data as { readonly eventLogEnd: string | null };
  return { cursor: eventLogEnd };
}

/** A page of `orderEvents`. */
export interface EventPage {
  readonly nodes: readonly WatchedEvent[];
  readonly pageInfo: {
    /** How far the log was scanned; null at the beginning of the log. */
    readonly endCursor: string | null;
    readonly hasNextPage: boolean;
  };
}

/** @param request selects `orderEvents` */
export async function readEventPage(request: QueryRequest, signal: AbortSignal): Promise<EventPage | Ending> {
  const answer = await postQuery(request, signal);
  return 'data' in answer ? (answer.data as { readonly orderEvents: EventPage }).orderEvents : answer;
}
