/**
 * What is never dialled, however it is spelled or resolved. Where a connection would show, a server
 * on this machine stands where it would lead, and counts.
 */
import type { LookupFunction } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeDialer } from '../../../src/adapters/hosts/dialer.ts'
import type { DialOrder } from '../../../src/dispatch/ports.ts'
import { forbiddenNames, forbiddenRoutes, type Zone } from '../../support/forbidden-routes.ts'
import { keyOf, startTlsHost, type TlsHost } from '../../support/tls-host.ts'

let host: TlsHost
beforeEach(async () => {
  host = await startTlsHost('host')
})
afterEach(() => host.stop())

const order = (url: string): DialOrder => ({
  url,
  headers: {},
  body: Buffer.from('a prompt'),
  certificateKeySha256: keyOf('host'),
  connectTimeoutMs: 2_000,
  headersTimeoutMs: 2_000,
  signal: new AbortController().signal,
})

const notAllowed = { kind: 'failed', reason: 'route_not_allowed' }

/** A resolver over a zone, which answers a name anew each time it is asked. */
function resolverOver(zone: Zone) {
  const asked = new Map<string, number>()
  const resolve = (name: string): string[] => {
    const answers = zone[name]
    if (answers === undefined) return [name]
    const turn = asked.get(name) ?? 0
    asked.set(name, turn + 1)
    return (answers[Math.min(turn, answers.length - 1)] ?? []).flatMap(resolve)
  }
  const lookup: LookupFunction = (name, _, callback) => {
    const found = resolve(name)
    const familyOf = (address: string) => (address.includes(':') ? 6 : 4)
    callback(
      null,
      found.map((address) => ({ address, family: familyOf(address) })),
    )
  }
  return { lookup, timesAsked: (name: string) => asked.get(name) ?? 0 }
}

describe.each(Object.entries(forbiddenRoutes))('never dialled by text: %s', (_, urls) => {
  test.each(urls)('%s', async (url) => {
    const { lookup, timesAsked } = resolverOver({})
    const dialer = makeDialer({ allowsLoopback: false, lookup })
    expect(await dialer.get(order(url))).toEqual(notAllowed)
    expect(await dialer.post(order(url))).toEqual(notAllowed)
    expect(timesAsked(url)).toBe(0)
  })
})

describe('never dialled by what its name resolves to', () => {
  test.each(forbiddenNames)('%s', async (_, zone) => {
    const [name = ''] = Object.keys(zone)
    const { lookup, timesAsked } = resolverOver(zone)
    const dialer = makeDialer({ allowsLoopback: false, lookup })
    expect(await dialer.post(order(`https://${name}:${host.port}`))).toEqual(notAllowed)
    expect(timesAsked(name)).toBe(1)
    expect(host.connections()).toBe(0)
  })
})

describe('a name that is bound anew', () => {
  /** This machine stands for the public address, so that it can be seen which one is dialled. */
  const mayDial = (address: string) => address === '127.0.0.1'
  const url = () => `https://host.example:${host.port}`

  test('is dialled at the address that was judged, and resolved no second time', async () => {
    const { lookup, timesAsked } = resolverOver({ 'host.example': [['127.0.0.1'], ['10.0.0.1']] })
    const dialer = makeDialer({ allowsLoopback: false, lookup, mayDial })
    expect(await dialer.post(order(url()))).toMatchObject({ kind: 'answered', status: 200 })
    expect(timesAsked('host.example')).toBe(1)
    expect(host.connections()).toBe(1)
  })

  test('is refused from the connection on for which it resolves elsewhere', async () => {
    const { lookup } = resolverOver({ 'host.example': [['127.0.0.1'], ['10.0.0.1']] })
    const dialer = makeDialer({ allowsLoopback: false, lookup, mayDial })
    const closing = { ...order(url()), headers: { connection: 'close' } }
    expect(await dialer.post(closing)).toMatchObject({ kind: 'answered' })
    expect(await dialer.post(closing)).toEqual(notAllowed)
    expect(host.connections()).toBe(1)
  })

  test('is refused while it resolves to a forbidden address, and not for ever', async () => {
    const { lookup } = resolverOver({ 'host.example': [['10.0.0.1'], ['127.0.0.1']] })
    const dialer = makeDialer({ allowsLoopback: false, lookup, mayDial })
    expect(await dialer.post(order(url()))).toEqual(notAllowed)
    expect(await dialer.post(order(url()))).toMatchObject({ kind: 'answered' })
  })

  test('gets nothing where a resolver hides an address behind the one it showed', async () => {
    // The second judgement is on the address that the socket is connected to.
    let judged = 0
    const once = () => {
      judged += 1
      return judged === 1
    }
    const { lookup } = resolverOver({ 'host.example': [['127.0.0.1']] })
    const dialer = makeDialer({ allowsLoopback: false, lookup, mayDial: once })
    expect(await dialer.post(order(url()))).toEqual(notAllowed)
    expect(host.decryptedBytes()).toBe(0)
  })
})

test('a redirect into a private network is an answer like any other, and is not followed', async () => {
  const inside = await startTlsHost('host')
  const outside = await startTlsHost('host', inside.url)
  const { lookup } = resolverOver({ 'host.example': [['127.0.0.1']] })
  const dialer = makeDialer({ allowsLoopback: false, lookup, mayDial: () => true })
  expect(await dialer.post(order(`https://host.example:${outside.port}`))).toMatchObject({
    status: 307,
  })
  expect(inside.connections()).toBe(0)
  await Promise.all([inside.stop(), outside.stop()])
})
