import { isSampled, measure, type Tracer } from '../observability/span.js';
import type { EventTopic, TopicRecord } from '../orders/interfaces/event-topic.js';

/**
 * One span for each call that publishes an event of a sampled request, with a link to each of them. The records keep the
 * trace context of their event, which stays the same when it is published again.
 */
export function traceTopic(topic: EventTopic, name: string, tracer: Tracer): EventTopic {
  return {
    ...topic,
    publish(records, signal) {
      const links = sampledContexts(records);
      if (links.length === 0) return topic.publish(records, signal);
      const span = tracer.start(`send ${name}`, {
        kind: 'producer',
        links,
        attributes: {
          'messaging.system': 'kafka',
          'messaging.destination.name': name,
          'messaging.operation.name': 'send',
          'messaging.operation.type': 'send',
          'messaging.batch.message_count': records.length,
        },
      });
      return measure(span, () => topic.publish(records, signal));
    },
  };
}

function sampledContexts(records: readonly TopicRecord[]): string[] {
  return [...new Set(records.flatMap(({ headers: { traceparent } }) => traceparent ?? []))].filter(isSampled);
}
