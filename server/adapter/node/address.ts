import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

/**
 * The URL under which clients reach a server that listens on `host`, when nobody says another: for "all addresses" the
 * first one of this machine that others can see.
 */
export function reachableUrl(host: string, port: number): string {
  if (host !== '0.0.0.0' && host !== '::') return `ws://${isIPv6(host) ? `[${host}]` : host}:${port}`
  const visible = Object.values(networkInterfaces())
    .flatMap(found => found ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)
  return `ws://${visible?.address ?? '127.0.0.1'}:${port}`
}

/**
 * The address of whoever made a request, for rate limits. Behind a proxy that is trusted it is the last one of
 * `X-Forwarded-For`: the proxy wrote that one, what stands before it anybody can make up. Of IPv6 it is the network: one
 * subscriber has 2^64 addresses.
 */
export function createAddressOf({ trustProxy }: { trustProxy: boolean }) {
  return (environment: unknown, forwardedFor: string | undefined): string => {
    const last = trustProxy ? forwardedFor?.split(',').at(-1)?.trim() : undefined
    const { incoming } = (environment ?? {}) as {
      incoming?: { socket?: { remoteAddress?: string | undefined } }
    }
    return networkOf((last || incoming?.socket?.remoteAddress) ?? 'unknown')
  }
}

/** The /64 of an IPv6 address (RFC 6177); what begins with `::` (this machine, IPv4 in IPv6) is left as it is. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::')) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':')
  const tailGroups = tail ? tail.split(':') : []
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - tailGroups.length)
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...tailGroups]
  return `${all
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
