import { expect, test } from 'vitest';
import { rejectionOnLoopback } from '../../src/http/loopback.js';

test.each([
  { host: 'localhost:4000' },
  { host: '127.0.0.1:4000' },
  { host: '[::1]:4000' },
  { host: 'localhost', origin: 'http://localhost:5173' },
])('accepts %j', (headers) => {
  expect(rejectionOnLoopback(headers)).toBeNull();
});

test.each([
  {},
  { host: 'evil.example' },
  { host: 'localhost.evil.example' },
  { host: '192.168.0.5:4000' },
  { host: 'localhost', origin: 'https://evil.example' },
  { host: 'localhost', origin: 'null' },
  { host: 'localhost', 'x-forwarded-for': '127.0.0.1' },
  { host: 'localhost', forwarded: 'for=127.0.0.1' },
  { host: 'localhost', via: '1.1 proxy' },
])('rejects %j', (headers) => {
  expect(rejectionOnLoopback(headers)).toMatch(/^This server answers/);
});
