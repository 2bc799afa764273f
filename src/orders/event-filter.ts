import { ownerFilter, type Viewer } from '../domain/viewer.js';
import type { EventFilter } from './interfaces/event-log.js';

/** Limits a filter to the events that the viewer may see: a customer sees those that name it. */
export function visibleEvents(filter: EventFilter, viewer: Viewer): EventFilter {
  const owner = ownerFilter(viewer);
  if (owner === null) return filter;
  const isForeign = owner === '' || (filter.customerId !== null && filter.customerId !== owner);
  return { ...filter, customerId: owner, kinds: isForeign ? [] : filter.kinds };
}
