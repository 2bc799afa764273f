import type { Viewer } from '../domain/viewer.js';
import type { Authenticate, Identity } from './authenticate.js';

/** The viewer of every request to a server without authentication. */
export const OPEN_ADMIN: Viewer = { issuer: '', subject: null, roles: ['admin'] };

const OPEN_IDENTITY: Identity = { viewer: OPEN_ADMIN, expiresAt: null };

/** Authentication of the open mode: credentials are ignored. */
export const authenticateAsOpenAdmin: Authenticate = () => Promise.resolve(OPEN_IDENTITY);
