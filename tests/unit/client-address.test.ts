import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { createAddressOf } from '../../src/http/client-address.js';

function addressOf(proxies: string, remoteAddress: string, forwarded?: string): string {
  const { trustedProxies } = readConfig({ TRUSTED_PROXIES: proxies });
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return createAddressOf(trustedProxies)({ headers, socket: { remoteAddress } as Socket });
}

test.each([
  ['no proxy is trusted', '', '192.0.2.1', '203.0.113.7', '192.0.2.1'],
  ['another peer sends the header', '10.0.0.0/8', '192.0.2.1', '203.0.113.7', '192.0.2.1'],
  ['a trusted proxy sends it', '10.0.0.0/8', '10.1.2.3', '203.0.113.7', '203.0.113.7'],
  ['the client has sent an entry of its own', '10.0.0.0/8', '10.1.2.3', '198.51.100.9, 203.0.113.7', '203.0.113.7'],
  ['two proxies are trusted', '10.0.0.1, 172.16.0.0/12', '10.0.0.1', '203.0.113.7, 172.16.5.5', '203.0.113.7'],
  ['the peer is IPv4 in IPv6', '10.0.0.0/8', '::ffff:10.1.2.3', '203.0.113.7', '203.0.113.7'],
  ['the proxy is IPv6', '2001:db8::/32', '2001:db8::5', '2001:db8:ffff::1, 2a00::9', '2a00::9'],
  ['the header is missing', '10.0.0.0/8', '10.1.2.3', undefined, '10.1.2.3'],
  ['an entry is not an address', '10.0.0.0/8', '10.1.2.3', '203.0.113.7, unknown', '10.1.2.3'],
  ['all entries are trusted', '10.0.0.0/8', '10.1.2.3', '10.9.9.9', '10.9.9.9'],
])('the address of the client if %s', (_what, proxies, peer, forwarded, expected) => {
  expect(addressOf(proxies, peer, forwarded)).toBe(expected);
});

test.each(['10.0.0.0/33', '::/129', 'proxy.example', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0'])(
  'TRUSTED_PROXIES=%s is rejected',
  (text) => {
    expect(() => readConfig({ TRUSTED_PROXIES: text })).toThrow('TRUSTED_PROXIES must be a list of IP addresses');
  },
);
