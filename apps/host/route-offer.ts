/** What the node offers as its public route, with the certificate's key where one is to be pinned. */
import { type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { certificateKeySha256, isSoundCertificateKey } from '../../src/protocol/certificate-key.ts'
import type { RouteOffer } from '../../src/protocol/enrolment.ts'
import type { HostConfig } from './config.ts'
import { errorCode, StatedError } from './stated-error.ts'

/** Throws a StatedError where the certificate cannot be read. */
export async function routeOfferOf({ route }: Pick<HostConfig, 'route'>): Promise<RouteOffer> {
  if (route === undefined) {
    throw new StatedError('Mode local needs no enrolment: set mode to managed or network first.')
  }
  if (route.kind === 'cloudflared_named') return { kind: route.kind }
  const { kind, url, certificate_file } = route
  if (certificate_file === undefined) return { kind, url }
  return { kind, url, certificate_key_sha256: await keyHashOf(certificate_file) }
}

async function keyHashOf(path: string): Promise<string> {
  const pem = await readFile(path).catch((error) => {
    throw new StatedError(`The certificate ${path} cannot be read (${errorCode(error)}).`)
  })
  const publicKey = publicKeyOf(pem)
  if (publicKey === undefined) {
    throw new StatedError(`${path} holds no X.509 certificate: name a PEM file.`)
  }
  if (!isSoundCertificateKey(publicKey)) {
    throw new StatedError(`The key of ${path} is weak: use RSA from 2048 bits, P-256 or Ed25519.`)
  }
  return certificateKeySha256(publicKey)
}

function publicKeyOf(pem: Buffer): KeyObject | undefined {
  try {
    return new X509Certificate(pem).publicKey
  } catch {
    return undefined
  }
}
