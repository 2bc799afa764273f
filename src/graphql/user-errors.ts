import { USER_ERRORS, type Rejection } from '../domain/errors.js';
import { LIFECYCLE, type OrderStatus } from '../domain/lifecycle.js';
import type { Typed } from './types/node.js';
import {
  MAX_USER_ERRORS,
  type TransitionError,
  type UserError,
  type VersionConflictError,
} from './types/user-errors.js';

/** Translates rejections into `userErrors`. */
export function toUserErrors(rejection: Rejection): Typed<UserError>[] {
  switch (rejection.code) {
    case 'INVALID_INPUT':
      return rejection.problems.slice(0, MAX_USER_ERRORS).map((problem) => ({
        __typename: 'InputError',
        ...problem,
        ...USER_ERRORS[problem.code],
      }));
    case 'IDEMPOTENCY_MISMATCH':
      return [{ __typename: 'IdempotencyError', ...rejection, ...USER_ERRORS[rejection.code] }];
    case 'ORDER_DELETED': {
      const message = 'The order with this id or idempotencyKey was deleted.';
      return [{ __typename: 'IdempotencyError', ...rejection, message, ...USER_ERRORS[rejection.code] }];
    }
    case 'INVALID_TRANSITION':
      return [transitionError(rejection)];
    case 'VERSION_CONFLICT':
      return [versionConflict(rejection)];
  }
}

function transitionError({
  order,
  to,
  allowed,
  field,
}: Extract<Rejection, { code: 'INVALID_TRANSITION' }>): Typed<TransitionError> {
  return {
    __typename: 'TransitionError',
    code: 'INVALID_TRANSITION',
    message: `The order is ${order.status} and cannot become ${to}; ${alternativeTo(order.status, allowed)}.`,
    field,
    ...USER_ERRORS.INVALID_TRANSITION,
    from: order.status,
    to,
    allowed,
  };
}

function alternativeTo(status: OrderStatus, allowed: readonly OrderStatus[]): string {
  if (allowed.length > 0) return `it may go to ${allowed.join(', ')}`;
  return LIFECYCLE[status].length === 0 ? `${status} is final` : 'your role allows no transition from this status';
}

function versionConflict(rejection: Extract<Rejection, { code: 'VERSION_CONFLICT' }>): Typed<VersionConflictError> {
  const { order, expectedVersion, field } = rejection;
  return {
    __typename: 'VersionConflictError',
    code: 'VERSION_CONFLICT',
    message: `The order does not have expectedVersion ${expectedVersion}; it has version ${order.version}.`,
    field,
    ...USER_ERRORS.VERSION_CONFLICT,
    currentVersion: order.version,
    order,
  };
}
