import type { Viewer } from '../domain/viewer.js';
import { roleOf } from '../domain/viewer.js';
import type { TransportObserver } from '../http/transport-observer.js';
import type { Metrics } from '../observability/metrics.js';
import type { RequestLog } from '../observability/request-log.js';

/** Measures requests and subscriptions, and logs them unless `log` is null. */
export function createTransportObserver(
  { requests, subscriptions }: Pick<Metrics, 'requests' | 'subscriptions'>,
  log: RequestLog | null,
): TransportObserver {
  return {
    requestEnded(request) {
      requests.ended(request);
      log?.request({ ...request, viewer: loggedViewer(request.viewer) });
    },
    subscriptionStarted: () => subscriptions.started(),
    eventSent(codes) {
      subscriptions.sent();
      requests.failed(codes);
    },
    subscriptionEnded(subscription) {
      const { reason, codes } = subscription;
      requests.failed(codes);
      if (reason === 'rejected') subscriptions.rejected();
      else subscriptions.ended(reason === 'failed' ? (codes[0] ?? reason) : reason);
      log?.subscription({ ...subscription, viewer: loggedViewer(subscription.viewer) });
    },
  };
}

function loggedViewer(viewer: Viewer | null) {
  if (viewer === null) return null;
  const { issuer, subject } = viewer;
  return { issuer, subject, role: roleOf(viewer) ?? 'none' };
}
