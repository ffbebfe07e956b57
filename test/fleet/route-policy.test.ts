import { describe, expect, test } from 'vitest'
import { isPublicAddress, isRouteAllowed } from '../../src/fleet/route-policy.ts'

describe('a deployed stage takes https origins under public names and addresses', () => {
  test.each([
    'https://host.example.net',
    'https://host.example.net/',
    'https://host.example.net:8443',
    'https://8.8.8.8',
    'https://[2606:4700::1111]:8443',
  ])('%s is allowed', (url) => {
    expect(isRouteAllowed(url, 'prod')).toBe(true)
  })

  test.each([
    ['plain http', 'http://host.example.net'],
    ['another scheme', 'ftp://host.example.net'],
    ['no URL', 'host.example.net'],
    ['credentials', 'https://user:secret@host.example.net'],
    ['a path, which dispatches would drop', 'https://host.example.net/agent'],
    ['a query', 'https://host.example.net/?a=1'],
    ['a fragment', 'https://host.example.net/#a'],
    ['loopback', 'https://127.0.0.1'],
    ['loopback over http', 'http://127.0.0.1:8080'],
    ['loopback in another notation', 'https://0x7f.1'],
    ['loopback as one number', 'https://2130706433'],
    ['loopback by name', 'https://localhost'],
    ['loopback by a name below', 'https://a.localhost'],
    ['private 10/8', 'https://10.1.2.3'],
    ['private 172.16/12', 'https://172.31.255.255'],
    ['private 192.168/16', 'https://192.168.1.1'],
    ['the metadata service', 'https://169.254.169.254'],
    ['carrier-grade NAT', 'https://100.64.0.1'],
    ['IPv6 loopback', 'https://[::1]'],
    ['IPv6 unique local', 'https://[fd00::1]'],
    ['IPv6 link local', 'https://[fe80::1]'],
    ['IPv4 mapped into IPv6', 'https://[::ffff:10.0.0.1]'],
    ['IPv4 translated into IPv6', 'https://[64:ff9b::a00:1]'],
    ['a name without a dot', 'https://intranet'],
    ['a name inside a network', 'https://gpu.internal'],
    ['a name inside a network, rooted', 'https://gpu.local.'],
  ])('%s is refused: %s', (_, url) => {
    expect(isRouteAllowed(url, 'prod')).toBe(false)
  })
})

describe('stage local takes http on this machine as well', () => {
  test.each(['http://127.0.0.1:9000', 'http://localhost:9000', 'https://host.example.net'])(
    '%s is allowed',
    (url) => {
      expect(isRouteAllowed(url, 'local')).toBe(true)
    },
  )

  test.each([
    'http://192.168.1.1:9000',
    'http://host.example.net',
    'http://user@127.0.0.1:9000',
    'http://127.0.0.1:9000/agent',
  ])('%s is refused', (url) => {
    expect(isRouteAllowed(url, 'local')).toBe(false)
  })
})

test('what is no IP address is no public one', () => {
  expect(isPublicAddress('host.example.net')).toBe(false)
  expect(isPublicAddress('')).toBe(false)
  expect(isPublicAddress('8.8.8.8')).toBe(true)
})
