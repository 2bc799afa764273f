import { expect, test } from 'vitest';
import { createRequestGuard } from '../../src/http/request-guard.js';

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const local = createRequestGuard({ loopbackPages: true, rejectForwarded: true, hosts: LOOPBACK, origins: [] });
const shop = { loopbackPages: false, rejectForwarded: false, hosts: null, origins: ['https://shop.example'] };
const authenticated = createRequestGuard(shop);

test.each([
  [{ host: 'localhost:4000' }, null],
  [{ host: '127.0.0.1:4000' }, null],
  [{ host: '[::1]:4000' }, null],
  [{ host: 'localhost:4000', origin: 'http://localhost:4000' }, null],
  [{ host: 'localhost', origin: 'http://localhost:5173' }, 'http://localhost:5173'],
  [{ host: '127.0.0.1:4000', origin: 'https://localhost' }, 'https://localhost'],
])('a server without authentication serves %j', (headers, origin) => {
  expect(local(headers)).toEqual({ rejection: null, origin });
});

test.each([
  {},
  { host: 'evil.example' },
  { host: 'localhost.evil.example' },
  { host: '192.168.0.5:4000' },
  { host: 'localhost/@evil.example' },
  { host: 'evil.example@localhost' },
  { host: 'evil.example:4000', origin: 'http://evil.example:4000' },
  { host: 'localhost', origin: 'https://evil.example' },
  { host: 'localhost', origin: 'https://localhost.evil.example' },
  { host: 'localhost', origin: 'file://localhost' },
  { host: 'localhost', origin: 'null' },
  { host: 'localhost', origin: '' },
  { host: '', origin: 'null' },
  { host: 'localhost', 'x-forwarded-for': '127.0.0.1' },
  { host: 'localhost', forwarded: 'for=127.0.0.1' },
  { host: 'localhost', via: '1.1 proxy' },
])('a server without authentication rejects %j', (headers) => {
  expect(local(headers)).toEqual({ rejection: expect.stringMatching(/\.$/) as string, origin: null });
});

test('a page of an allowed origin may read why its request is rejected', () => {
  const headers = { host: 'localhost', origin: 'http://localhost:5173', via: '1.1 proxy' };
  expect(local(headers)).toEqual({ rejection: expect.stringContaining('forwarded') as string, origin: headers.origin });
});

test('with authentication any host is served, and pages of its own and of listed origins', () => {
  const decide = (origin: string, host = 'api.example') => authenticated({ host, origin, via: '1.1 proxy' });
  expect(authenticated({ host: 'api.example' })).toEqual({ rejection: null, origin: null });
  expect(decide('https://api.example')).toEqual({ rejection: null, origin: null });
  expect(decide('https://shop.example')).toEqual({ rejection: null, origin: 'https://shop.example' });
  for (const origin of ['http://shop.example', 'https://shop.example:8443', 'https://SHOP.example', 'null'])
    expect(decide(origin).rejection).toMatch(/CORS_ORIGINS/);
  expect(decide('http://localhost:5173', 'localhost:4000').rejection).toMatch(/CORS_ORIGINS/);
});

test('listed hosts are also required with authentication', () => {
  const decide = createRequestGuard({ ...shop, hosts: ['api.example'] });
  expect(decide({ host: 'api.example:8443' }).rejection).toBeNull();
  expect(decide({ host: 'other.example', origin: 'https://shop.example' })).toEqual({
    rejection: expect.stringContaining('ALLOWED_HOSTS') as string,
    origin: 'https://shop.example',
  });
});
