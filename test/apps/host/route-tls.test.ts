import { once } from 'node:events'
import { chmod, copyFile, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startProxyServer } from '../../../apps/host/proxy/server.ts'
import { readRouteTls } from '../../../apps/host/route-tls.ts'
import { certificateKeySha256 } from '../../../src/protocol/certificate-key.ts'
import { keyOf } from '../../support/tls-host.ts'

/** A route whose certificate and key lie in files of these modes. */
async function routeWith(names: { readonly cert: string; readonly key: string }, mode = 0o600) {
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-tls-'))
  const place = async (name: string, as: string) => {
    const from = join(import.meta.dirname, '../../support/certificates', `${name}.pem`)
    await copyFile(from, join(folder, as))
    await chmod(join(folder, as), mode)
    return join(folder, as)
  }
  return {
    kind: 'direct' as const,
    url: 'https://host.example',
    certificate_file: await place(names.cert, 'cert.pem'),
    private_key_file: await place(names.key, 'key.pem'),
  }
}

describe('a direct route that the agent serves itself', () => {
  it('speaks TLS with the certificate whose key was registered', async () => {
    const tls = await readRouteTls({ route: await routeWith({ cert: 'host', key: 'host' }) })
    const server = await startProxyServer({
      listen: { host: '127.0.0.1', port: 0 },
      ...(tls === undefined ? {} : { tls }),
      dispatch: async () => undefined,
      log: () => undefined,
    })
    onTestFinished(() => {
      server.stopListening()
      server.closeConnections()
    })
    const socket = connect({ port: server.port, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const certificate = socket.getPeerX509Certificate()
    socket.end('GET /slots HTTP/1.1\r\nhost: host.example\r\nconnection: close\r\n\r\n')
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 404 /)
    expect(certificate && certificateKeySha256(certificate.publicKey)).toBe(keyOf('host'))
  })

  it('is none without a private key: another program ends TLS then', async () => {
    const { private_key_file: _, ...route } = await routeWith({ cert: 'host', key: 'host' })
    expect(await readRouteTls({ route })).toBeUndefined()
    expect(await readRouteTls({ route: { kind: 'cloudflared_named' } })).toBeUndefined()
  })

  it('is refused where the key is another one, open to everybody, or not there', async () => {
    const other = await routeWith({ cert: 'host', key: 'stranger' })
    await expect(readRouteTls({ route: other })).rejects.toThrow(/cannot be used together/)
    const open = await routeWith({ cert: 'host', key: 'host' }, 0o644)
    await expect(readRouteTls({ route: open })).rejects.toThrow(/is open to everybody/)
    const gone = { ...open, private_key_file: '/nowhere/key.pem' }
    await expect(readRouteTls({ route: gone })).rejects.toThrow(/\(ENOENT\)/)
  })
})
