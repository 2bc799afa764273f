import { RequestError } from '../domain/errors.js';

/** Alternatives to null for arguments that have more than one. */
const INSTEAD: Readonly<Record<string, string>> = {
  customerId: 'leave it out to match all customers; where.isGuest: true matches guest orders',
};

/**
 * Rejects null at any depth of arguments that filter. A client sends null for a variable without a value; a filter that
 * ignored it would return the orders of all customers.
 *
 * @param name of the argument; '' for a record of arguments
 * @throws RequestError BAD_USER_INPUT that names the argument
 */
export function assertNoNull(value: unknown, name: string): void {
  if (value === null) {
    const instead = INSTEAD[name.split('.').at(-1) ?? ''] ?? 'leave it out to match all values';
    throw new RequestError('BAD_USER_INPUT', `${name} must not be null: ${instead}.`, { details: { argument: name } });
  }
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Date) return;
  for (const [key, part] of Object.entries(value)) assertNoNull(part, name === '' ? key : `${name}.${key}`);
}
