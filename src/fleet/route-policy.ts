/**
 * Which addresses a node may offer as its public route. This judges the text alone; whoever dials
 * judges the resolved address again, because a name can point anywhere.
 */
import { BlockList, isIP } from 'node:net'

const privateIpv4 = blockList('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
])

/** All else in IPv6 is local, reserved, or stands for an IPv4 address. */
const globalIpv6 = blockList('ipv6', [['2000::', 3]])
const reservedIpv6 = blockList('ipv6', [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
])

/** Names that resolve inside a network only, by their standards or by custom. */
const privateName = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|home\.arpa)$/

/**
 * Whether a node of `stage` may be reached at `url`: an https origin under a public name or
 * address. Stage `local` alone also takes http on this machine.
 */
export function isRouteAllowed(url: string, stage: string): boolean {
  const route = URL.parse(url)
  if (!route || !isBareOrigin(route)) return false
  const { protocol, hostname } = route
  if (stage === 'local' && protocol === 'http:') {
    return hostname === '127.0.0.1' || hostname === 'localhost'
  }
  if (protocol !== 'https:') return false
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(address) === 0 ? isPublicName(address) : isPublicAddress(address)
}

/** False for whatever is not an IP address at all. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !privateIpv4.check(address, 'ipv4')
    case 6:
      return globalIpv6.check(address, 'ipv6') && !reservedIpv6.check(address, 'ipv6')
    default:
      return false
  }
}

function isPublicName(hostname: string): boolean {
  const name = hostname.replace(/\.$/, '')
  return name.includes('.') && !privateName.test(name)
}

/** Requests go to fixed paths under the origin, so anything beyond it would be ignored in silence. */
function isBareOrigin({ username, password, pathname, search, hash }: URL): boolean {
  return username + password + search + hash === '' && pathname === '/'
}

function blockList(
  family: 'ipv4' | 'ipv6',
  ranges: readonly (readonly [network: string, prefix: number])[],
): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family)
  return list
}
