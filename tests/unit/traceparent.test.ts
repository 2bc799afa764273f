import { expect, test } from 'vitest';
import { parseTraceparent } from '../../src/domain/traceparent.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

test.each([
  ['a header of version 00', `00-${TRACE}-${PARENT}-01`, `00-${TRACE}-${PARENT}-01`],
  ['a header of a later version', `cc-${TRACE}-${PARENT}-01`, `00-${TRACE}-${PARENT}-01`],
  ['a header of a later version with more fields', `01-${TRACE}-${PARENT}-00-what.is.next`, `00-${TRACE}-${PARENT}-00`],
])('%s is read', (_what, header, expected) => {
  expect(parseTraceparent(header)).toBe(expected);
});

test.each([
  ['no header', undefined],
  ['an empty one', ''],
  ['more fields in version 00', `00-${TRACE}-${PARENT}-01-more`],
  ['more characters in a later version', `01-${TRACE}-${PARENT}-01more`],
  ['version ff', `ff-${TRACE}-${PARENT}-01`],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
  ['a parent id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['upper case', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
  ['a short trace id', `00-${TRACE.slice(1)}-${PARENT}-01`],
  ['two headers, joined', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
  ['a line break', `00-${TRACE}-${PARENT}-01\n`],
])('%s is no trace context', (_what, header) => {
  expect(parseTraceparent(header)).toBeNull();
});
