import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** The address of the client that sent a request. */
export type AddressOf = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string;

/** An address, or a network if it has a prefix. */
interface Network {
  readonly address: string;
  readonly prefix: number | null;
}

/**
 * Finds the client of a request in `X-Forwarded-For`, counted from the right as long as the addresses are those of trusted
 * proxies. Without trusted proxies, or from another peer, the header is ignored: any client can send it.
 */
export function createAddressOf(trustedProxies: readonly Network[]): AddressOf {
  const trusted = new BlockList();
  for (const { address, prefix } of trustedProxies) {
    if (prefix === null) trusted.addAddress(address, familyOf(address));
    else trusted.addSubnet(address, prefix, familyOf(address));
  }
  return ({ headers, socket }) => {
    let client = socket.remoteAddress ?? '';
    if (trustedProxies.length === 0) return client;
    const hops = String(headers['x-forwarded-for'] ?? '').split(',');
    while (isIP(client) !== 0 && trusted.check(client, familyOf(client))) {
      const hop = hops.pop()?.trim() ?? '';
      if (isIP(hop) === 0) break; // no header, or not an address: the last known one counts
      client = hop;
    }
    return client;
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
