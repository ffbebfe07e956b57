/** Routes known by the key of their certificate, on real TLS connections. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { makeDialer } from '../../../src/adapters/hosts/dialer.ts'
import type { DialOrder } from '../../../src/dispatch/ports.ts'
import { type CertificateName, keyOf, startTlsHost, type TlsHost } from '../../support/tls-host.ts'

const hosts: TlsHost[] = []
afterEach(() => Promise.all(hosts.splice(0).map((host) => host.stop())))

async function hostWith(name: CertificateName, redirectTo?: string): Promise<TlsHost> {
  const host = await startTlsHost(name, redirectTo)
  hosts.push(host)
  return host
}

const order = (url: string, certificateKeySha256?: string): DialOrder => ({
  url,
  headers: { authorization: 'secret' },
  body: Buffer.from('a prompt'),
  certificateKeySha256,
  connectTimeoutMs: 2_000,
  headersTimeoutMs: 2_000,
  signal: new AbortController().signal,
})

const mismatch = { kind: 'failed', reason: 'certificate_key_mismatch' }

describe('a route with a registered key', () => {
  test('is called when the certificate holds it, though no authority vouches for it', async () => {
    const host = await hostWith('host')
    const dialer = makeDialer({ allowsLoopback: true })
    expect(await dialer.post(order(host.url, keyOf('host')))).toMatchObject({ status: 200 })
    expect(host.requests).toEqual([{ url: '/path', body: 'a prompt' }])
  })

  test('is called when the certificate was renewed around the same key', async () => {
    const host = await hostWith('host-renewed')
    const dialer = makeDialer({ allowsLoopback: true })
    expect(await dialer.get(order(host.url, keyOf('host')))).toMatchObject({ status: 200 })
  })

  test.each([
    ['another key', 'stranger', keyOf('host')],
    ['a key too weak to trust, registered or not', 'weak', keyOf('weak')],
    ['the right key, registered in other letters', 'host', keyOf('host').toUpperCase()],
  ] as const)('hears nothing behind %s', async (_, presented, registered) => {
    const host = await hostWith(presented)
    const dialer = makeDialer({ allowsLoopback: true })
    expect(await dialer.post(order(host.url, registered))).toEqual(mismatch)
    expect(await dialer.get(order(host.url, registered))).toEqual(mismatch)
    await delay(20)
    expect(host.connections()).toBe(2)
    expect(host.decryptedBytes()).toBe(0)
  })

  test('hears nothing over plain http, which shows no key', async () => {
    const dialer = makeDialer({ allowsLoopback: true })
    expect(await dialer.post(order('http://127.0.0.1:1/', keyOf('host')))).toEqual(mismatch)
  })

  test('fails like any other where nobody listens', async () => {
    const dialer = makeDialer({ allowsLoopback: true })
    const outcome = await dialer.post(order('https://127.0.0.1:1/', keyOf('host')))
    expect(outcome).toEqual({ kind: 'failed', reason: 'connection_failed' })
  })

  test('is not followed elsewhere', async () => {
    const elsewhere = await hostWith('host')
    const host = await hostWith('host', elsewhere.url)
    const dialer = makeDialer({ allowsLoopback: true })
    expect(await dialer.post(order(host.url, keyOf('host')))).toMatchObject({ status: 307 })
    expect(elsewhere.connections()).toBe(0)
  })
})

describe('a connection that is kept alive', () => {
  async function call(dialer: ReturnType<typeof makeDialer>, host: TlsHost, pin?: string) {
    const outcome = await dialer.post(order(host.url, pin))
    if (outcome.kind === 'answered') await Array.fromAsync(outcome.body)
    return outcome
  }

  test('serves again under the same key', async () => {
    const host = await hostWith('host')
    const dialer = makeDialer({ allowsLoopback: true })
    for (const _ of [1, 2]) await call(dialer, host, keyOf('host'))
    expect(host.connections()).toBe(1)
    expect(host.requests).toHaveLength(2)
  })

  test('serves no order that names another key', async () => {
    const host = await hostWith('host')
    const dialer = makeDialer({ allowsLoopback: true })
    await call(dialer, host, keyOf('host'))
    expect(await call(dialer, host, keyOf('stranger'))).toEqual(mismatch)
    expect(host.requests).toHaveLength(1)
  })

  test('serves no order that relies on authorities', async () => {
    const host = await hostWith('host')
    const dialer = makeDialer({ allowsLoopback: true })
    await call(dialer, host, keyOf('host'))
    expect(await call(dialer, host)).toEqual({ kind: 'failed', reason: 'connection_failed' })
    expect(host.requests).toHaveLength(1)
  })

  test('says nothing for the next one, which shows its key anew', async () => {
    const host = await hostWith('host')
    const dialer = makeDialer({ allowsLoopback: true })
    const closing = { ...order(host.url, keyOf('host')), headers: { connection: 'close' } }
    for (const _ of [1, 2]) expect(await dialer.post(closing)).toMatchObject({ status: 200 })
    expect([host.connections(), host.resumed()]).toEqual([2, 0])
    host.present('stranger')
    expect(await dialer.post(closing)).toEqual(mismatch)
    expect(host.requests).toHaveLength(2)
  })
})

test('a route without a registered key needs a certificate that an authority vouches for', async () => {
  const host = await hostWith('host')
  const dialer = makeDialer({ allowsLoopback: true })
  expect(await dialer.post(order(host.url))).toEqual({
    kind: 'failed',
    reason: 'connection_failed',
  })
  expect(host.decryptedBytes()).toBe(0)
})
