import { ownerFilter, type Viewer } from '../domain/viewer.js';
import type { EventFilter } from './interfaces/event-log.js';

/** The events among those of a filter that the viewer may see: of a customer, those that name it. */
export function visibleEvents(filter: EventFilter, viewer: Viewer): EventFilter {
  const owner = ownerFilter(viewer);
  if (owner === null) return filter;
  const isForeign = owner === '' || (filter.customerId !== null && filter.customerId !== owner);
  return { ...filter, customerId: owner, kinds: isForeign ? [] : filter.kinds };
}
