import { expect, test } from 'vitest';
import { Closers } from '../../src/closers.js';

test('what was opened is closed once, in reverse order, whatever fails on the way', async () => {
  const closed: string[] = [];
  const closers = new Closers();
  closers.add(async () => void closed.push('first'));
  closers.add(() => Promise.reject(new Error('second')));
  closers.add(async () => void closed.push('third'));
  const closing = closers.close();
  await expect(closing).rejects.toMatchObject({ errors: [{ message: 'second' }] });
  await expect(closers.close()).rejects.toThrow(AggregateError);
  expect(closed).toEqual(['third', 'first']);
});
