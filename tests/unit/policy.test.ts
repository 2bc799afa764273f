import 'reflect-metadata';
import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { applyPolicy, requirementOf } from '../../src/graphql/least-role.js';
import { policyOf } from '../../src/graphql/policy.js';
import { createSchema } from '../../src/graphql/schema.js';

const POLICY = policyOf({ customerPrices: false });
const { Money: _, ...withoutMoney } = POLICY;

test('every field of the schema has exactly one rule', () => {
  expect(() => createSchema()).not.toThrow();
});

test.each([
  ['a field without a rule', { ...POLICY, Money: { customer: 'amount' } }, 'The field Money.currency has no rule.'],
  ['a type without a rule', withoutMoney, 'The field Money.amount has no rule. The field Money.currency has no rule.'],
  [
    'a field of an input type without a rule',
    { ...POLICY, OrderSort: { customer: 'field' } },
    'The field OrderSort.direction has no rule.',
  ],
  [
    'an operation without a rule',
    { ...POLICY, Subscription: {} },
    'The field Subscription.orderStatusChanged has no rule. The field Subscription.orderChanged has no rule.',
  ],
  [
    'a rule for an unknown field',
    { ...POLICY, Money: { customer: 'amount currency', staff: 'cents' } },
    'The field Money.cents does not exist.',
  ],
  ['a rule for an unknown type', { ...POLICY, Coupon: { customer: 'code' } }, 'The field Coupon.code does not exist.'],
  [
    'a field with two rules',
    { ...POLICY, Money: { customer: 'amount currency', admin: 'amount' } },
    'The field Money.amount has two rules.',
  ],
  [
    'a field of an interface with a weaker rule than that of a type',
    { ...POLICY, OrderItem: { customer: 'position productId sku name quantity unitPrice subtotal', staff: 'id' } },
    'The rule of Node.id is weaker than that of OrderItem.id.',
  ],
])('%s fails the start of the server', (_what, policy, problem) => {
  expect(() => createSchema(policy)).toThrow(new Error(`graphql/policy.ts does not fit the schema. ${problem}`));
});

test('a field that the policy does not know is allowed to no role', () => {
  const schema = buildSchema('type Query { late: Int }');
  const type = schema.getQueryType();
  const field = type?.getFields()['late'];
  if (!type || field === undefined) throw new Error('the schema has no field');
  expect(() => requirementOf(type, field)).toThrow('the field Query.late has no rule');
  applyPolicy(schema, { Query: { admin: 'late' } });
  expect(requirementOf(type, field)).toEqual({ field: 'Query.late', role: 'admin' });
});
