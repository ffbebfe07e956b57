import { describe, expect, test } from 'vitest'
import { isPublicAddress, isRouteAllowed } from '../../src/fleet/route-policy.ts'
import { forbiddenRoutes } from '../support/forbidden-routes.ts'

describe('a deployed stage takes https origins under public names and addresses', () => {
  test.each([
    'https://host.example.net',
    'https://host.example.net/',
    'https://HOST.example.net',
    'https://host.example.net:443',
    'https://host.example.net:1024',
    'https://host.example.net:8443',
    'https://n-abc.tunnels.example.net',
    'https://bücher.example.net',
    'https://10.example.net',
    'https://8.8.8.8',
    'https://172.32.0.1',
    'https://[2606:4700::1111]:8443',
  ])('%s is allowed', (url) => {
    expect(isRouteAllowed(url, 'prod')).toBe(true)
  })

  describe.each(Object.entries(forbiddenRoutes))('and refuses %s', (_, urls) => {
    test.each(urls)('%s', (url) => {
      expect(isRouteAllowed(url, 'prod')).toBe(false)
    })
  })

  test.each([
    ['a path, which dispatches would drop', 'https://host.example.net/agent'],
    ['a path behind a turned slash', 'https://host.example.net\\@127.0.0.1'],
    ['a query', 'https://host.example.net/?a=1'],
    ['a fragment', 'https://host.example.net/#a'],
  ])('and refuses %s: %s', (_, url) => {
    expect(isRouteAllowed(url, 'prod')).toBe(false)
  })
})

describe('stage local takes this machine as well', () => {
  test.each([
    'http://127.0.0.1:9000',
    'http://localhost:9000',
    'https://127.0.0.1:9000',
    'https://host.example.net',
  ])('%s is allowed', (url) => {
    expect(isRouteAllowed(url, 'local')).toBe(true)
  })

  test.each([
    'http://192.168.1.1:9000',
    'http://host.example.net',
    'http://user@127.0.0.1:9000',
    'http://127.0.0.1:9000/agent',
    'http://a.localhost:9000',
    'ftp://127.0.0.1',
    'https://169.254.169.254',
  ])('%s is refused', (url) => {
    expect(isRouteAllowed(url, 'local')).toBe(false)
  })
})

test('what is no IP address is no public one', () => {
  expect(isPublicAddress('host.example.net')).toBe(false)
  expect(isPublicAddress('')).toBe(false)
  expect(isPublicAddress('2606:4700::1%1')).toBe(false)
  expect(isPublicAddress('8.8.8.8')).toBe(true)
})
