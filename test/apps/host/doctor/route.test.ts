import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkPort, localUrl, probeRoute } from '../../../../apps/host/doctor/route.ts'
import { portOf, startFakeRuntime } from '../support/fake-runtime.ts'
import { makeNodeKey, startProxy } from '../support/proxy.ts'

/** Its private key stands in the same file. */
const selfSigned = join(import.meta.dirname, '../../../support/certificates/host.pem')

async function openProxy() {
  const proxy = await startProxy({ runtimeUrl: 'http://127.0.0.1:1' })
  onTestFinished(proxy.close)
  return proxy
}

describe('a probe of our own', () => {
  it('is answered by the agent of this node', async () => {
    const { node, url } = await openProxy()
    expect(await probeRoute(`${url}/`, { node, nonce: 'n1' })).toMatchObject({ probed: 'ours' })
  })

  it('is answered over TLS whatever the certificate, where its key is known otherwise', async () => {
    const pem = await readFile(selfSigned)
    const tls = { cert: pem, key: pem }
    const proxy = await startProxy({ runtimeUrl: 'http://127.0.0.1:1', tls })
    onTestFinished(proxy.close)
    const asked = { node: proxy.node, nonce: 'n1' }
    const known = await probeRoute(proxy.url, { ...asked, anyCertificate: true })
    expect(known).toMatchObject({ probed: 'ours' })
    expect(await probeRoute(proxy.url, asked)).toMatchObject({ probed: 'silent' })
    const other = { node: makeNodeKey(), nonce: 'n1', anyCertificate: true }
    expect(await probeRoute(proxy.url, other)).toMatchObject({ probed: 'foreign' })
  })

  it('is not answered well by the agent of another node', async () => {
    const { url } = await openProxy()
    const probe = await probeRoute(url, { node: makeNodeKey(), nonce: 'n1' })
    expect(probe.probed).toBe('foreign')
  })

  it('is not answered well by any other server', async () => {
    const { url, close } = await startFakeRuntime({ surface: { '*': '<html>' } })
    onTestFinished(close)
    expect(await probeRoute(url, { node: makeNodeKey(), nonce: 'n1' })).toMatchObject({
      probed: 'foreign',
    })
  })

  it('is not answered where nothing listens', async () => {
    const { url, close } = await startFakeRuntime({})
    await close()
    const probe = await probeRoute(url, { node: makeNodeKey(), nonce: 'n1' })
    expect(probe).toMatchObject({
      probed: 'silent',
      detail: expect.stringContaining('ECONNREFUSED'),
    })
  })
})

describe('the port', () => {
  const network = { mode: 'network' } as const

  async function takenPort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    return portOf(server)
  }

  it('is free, and stays so', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const listen = { host: '127.0.0.1', port: portOf(server) }
    server.close()
    await once(server, 'close')
    for (const _ of [1, 2]) {
      expect(await checkPort({ ...network, listen }, 'silent')).toMatchObject({ verdict: 'ok' })
    }
  })

  it.each([
    ['network', 'foreign', 'blocked'],
    ['local', undefined, 'warning'],
    ['network', 'ours', 'ok'],
  ] as const)('in use in mode %s, where the answer is %s, is %s', async (mode, probed, verdict) => {
    const listen = { host: '127.0.0.1', port: await takenPort() }
    expect(await checkPort({ mode, listen }, probed)).toMatchObject({ verdict })
  })

  it('of an address that is not of this machine cannot be opened', async () => {
    const listen = { host: '192.0.2.1', port: 8443 }
    expect(await checkPort({ ...network, listen }, 'silent')).toMatchObject({
      verdict: 'blocked',
      todo: 'Correct listen.host.',
    })
  })

  it.each([
    ['0.0.0.0', 'http://127.0.0.1:80'],
    ['::', 'http://[::1]:80'],
    ['fd00::1', 'http://[fd00::1]:80'],
    ['node.lan', 'http://node.lan:80'],
  ])('on %s is asked at %s', (host, url) => {
    expect(localUrl({ listen: { host, port: 80 }, route: undefined })).toBe(url)
  })

  it('that serves TLS itself is asked over it', () => {
    const route = { kind: 'direct', url: 'https://host.example', certificate_file: 'c' } as const
    const listen = { host: '127.0.0.1', port: 80 }
    expect(localUrl({ listen, route })).toBe('http://127.0.0.1:80')
    const own = { ...route, private_key_file: 'k' }
    expect(localUrl({ listen, route: own })).toBe('https://127.0.0.1:80')
  })
})
