import type { Viewer } from '../domain/viewer.js';

/** The headers of an HTTP request, or the payload of a websocket's `connection_init` message. */
export type Credentials = Readonly<Record<string, unknown>>;

/** The verified identity of a client. */
export interface Identity {
  readonly viewer: Viewer;
  /** When its token expires, in milliseconds of Unix time; null for an identity without a token. */
  readonly expiresAt: number | null;
}

/** Identifies the viewer of an HTTP request, or of all subscriptions of a websocket. */
export type Authenticate = (credentials: Credentials) => Promise<Identity>;
