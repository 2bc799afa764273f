import type { Viewer } from '../domain/viewer.js';

/** The headers of an HTTP request, or the payload of a websocket's `connection_init` message. */
export type Credentials = Readonly<Record<string, unknown>>;

/** Identifies the viewer of an HTTP request, or of all subscriptions of a websocket. */
export type Authenticate = (credentials: Credentials) => Promise<Viewer>;
