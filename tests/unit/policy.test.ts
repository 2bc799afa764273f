import { expect, test } from 'vitest';
import { POLICY } from '../../src/graphql/policy.js';
import { createSchema } from '../../src/graphql/schema.js';

const { Money: _, ...withoutMoney } = POLICY;

test('every field of the schema has exactly one rule', () => {
  expect(() => createSchema()).not.toThrow();
});

test.each([
  ['a field without a rule', { ...POLICY, Money: { anyone: 'amount' } }, 'The field Money.currency has no rule.'],
  ['a type without a rule', withoutMoney, 'The field Money.amount has no rule. The field Money.currency has no rule.'],
  [
    'an operation without a rule',
    { ...POLICY, Subscription: {} },
    'The field Subscription.orderStatusChanged has no rule.',
  ],
  [
    'a rule for an unknown field',
    { ...POLICY, Money: { anyone: 'amount currency', staff: 'cents' } },
    'The field Money.cents does not exist.',
  ],
  ['a rule for an unknown type', { ...POLICY, Coupon: { anyone: 'code' } }, 'The field Coupon.code does not exist.'],
  [
    'a field with two rules',
    { ...POLICY, Money: { anyone: 'amount currency', admin: 'amount' } },
    'The field Money.amount has two rules.',
  ],
])('%s fails the start of the server', (_what, policy, problem) => {
  expect(() => createSchema(policy)).toThrow(new Error(`graphql/policy.ts does not fit the schema. ${problem}`));
});
