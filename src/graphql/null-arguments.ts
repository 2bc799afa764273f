import { RequestError } from '../domain/errors.js';

/** Advice where leaving the argument out is not the only way. */
const INSTEAD: Readonly<Record<string, string>> = {
  customerId: "leave it out for the orders of all customers; where.isGuest: true finds guests' orders",
};

/**
 * Rejects null at every level of the arguments of a filter. A variable that the client forgot to set is null; as "no
 * condition" it would return the orders of all customers.
 *
 * @param name of the argument; '' for a record of arguments
 * @throws RequestError BAD_USER_INPUT that names the argument
 */
export function assertNoNull(value: unknown, name: string): void {
  if (value === null) {
    const instead = INSTEAD[name.split('.').at(-1) ?? ''] ?? 'leave it out where it does not matter';
    throw new RequestError('BAD_USER_INPUT', `${name} must not be null: ${instead}.`, { details: { argument: name } });
  }
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Date) return;
  for (const [key, part] of Object.entries(value)) assertNoNull(part, name === '' ? key : `${name}.${key}`);
}
