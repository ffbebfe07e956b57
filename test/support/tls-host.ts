/**
 * A host on a real TLS port that records what reaches it. Its certificates are fixed, because making
 * one takes a tool that not every machine has: self-signed ones for `host.example`, valid a hundred
 * years, made by `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes`;
 * `host-renewed` has the key of `host` under another name, `weak` a key of 1024 bits RSA.
 */
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { certificateKeySha256 } from '../../src/protocol/certificate-key.ts'

export type CertificateName = 'host' | 'host-renewed' | 'stranger' | 'weak'

const pemOf = (name: CertificateName) =>
  readFileSync(join(import.meta.dirname, 'certificates', `${name}.pem`), 'utf8')

export const keyOf = (name: CertificateName): string =>
  certificateKeySha256(new X509Certificate(pemOf(name)).publicKey)

export type TlsHost = Awaited<ReturnType<typeof startTlsHost>>

/** Answers every request with what it got; a redirect where one is given. */
export async function startTlsHost(name: CertificateName, redirectTo?: string) {
  let pem = pemOf(name)
  const requests: { readonly url: string; readonly body: string }[] = []
  let connections = 0
  let decryptedBytes = 0
  let resumed = 0
  // A weak key is served only by a server that is told to be lax.
  const server = createServer(
    { key: pem, cert: pem, ciphers: 'DEFAULT@SECLEVEL=0' },
    (request, response) => {
      void (async () => {
        requests.push({ url: request.url ?? '', body: await text(request) })
        if (redirectTo === undefined) response.end('hello')
        else response.writeHead(307, { location: redirectTo }).end()
      })()
    },
  )
  server.on('connection', () => {
    connections += 1
  })
  server.on('secureConnection', (socket) => {
    if (socket.isSessionReused()) resumed += 1
    socket.on('data', (bytes: Buffer) => {
      decryptedBytes += bytes.byteLength
    })
  })
  // A client that breaks off its handshake is what the tests are about.
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the host has no port')
  const { port } = address
  return {
    port,
    url: `https://127.0.0.1:${port}/path`,
    requests,
    connections: () => connections,
    /** Connections whose client took up an earlier session. */
    resumed: () => resumed,
    /** Of requests, after the handshake. */
    decryptedBytes: () => decryptedBytes,
    present: (other: CertificateName) => {
      pem = pemOf(other)
      server.setSecureContext({ key: pem, cert: pem })
    },
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
