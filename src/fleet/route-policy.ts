/**
 * Which addresses a node may offer as its public route, and which may be dialled. The same judgement
 * is made at enrolment and before every dial; names can point anywhere, so whoever dials judges the
 * resolved address as well.
 */
import { BlockList, isIP } from 'node:net'

const privateIpv4 = blockList('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Public by its number, but the virtual machines of one cloud find their host's services there.
  ['168.63.129.16', 32],
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

/** Quick tunnels: their names are drawn anew with each start, and may be another's tomorrow. */
const passingName = /(^|\.)trycloudflare\.com$/

/** Labels as in DNS, at least two of them, without the dot of the root: one spelling per name. */
const dnsName =
  /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/

const loopbackHosts = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** Ports below belong to other protocols, and whoever speaks those must not hear from us. */
const unprivilegedPort = 1024

export type RouteRules = {
  /** Only in stage `local`: routes to this machine, over plain http as well. */
  readonly allowsLoopback: boolean
}

/** Whether a node of `stage` may be reached at `url`: a bare origin that may be dialled. */
export function isRouteAllowed(url: string, stage: string): boolean {
  const route = URL.parse(url)
  return (
    route !== null &&
    route.pathname + route.search + route.hash === '/' &&
    isDialable(route, { allowsLoopback: stage === 'local' })
  )
}

/** Whether this may be dialled at all, as far as its text tells: https under a public name or address. */
export function isDialable(url: URL, rules: RouteRules): boolean {
  if (url.username + url.password !== '') return false
  if (isLoopback(url, rules)) return true
  const { protocol, hostname, port } = url
  if (protocol !== 'https:') return false
  if (port !== '' && Number(port) < unprivilegedPort) return false
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(address) === 0 ? isPublicName(address) : isPublicAddress(address)
}

/** Whether `url` leads to this machine and may. */
export function isLoopback({ protocol, hostname }: URL, { allowsLoopback }: RouteRules): boolean {
  const isHttp = protocol === 'http:' || protocol === 'https:'
  return allowsLoopback && isHttp && loopbackHosts.has(hostname)
}

/** False for whatever is not an IP address at all, and for one that is good on one interface only. */
export function isPublicAddress(address: string): boolean {
  if (address.includes('%')) return false
  switch (isIP(address)) {
    case 4:
      return !privateIpv4.check(address, 'ipv4')
    case 6:
      return globalIpv6.check(address, 'ipv6') && !reservedIpv6.check(address, 'ipv6')
    default:
      return false
  }
}

const isPublicName = (name: string): boolean =>
  dnsName.test(name) && !privateName.test(name) && !passingName.test(name)

function blockList(
  family: 'ipv4' | 'ipv6',
  ranges: readonly (readonly [network: string, prefix: number])[],
): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family)
  return list
}
