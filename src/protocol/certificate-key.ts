/**
 * The key of a TLS certificate, by which a `direct` route is known again: a node registers its hash
 * under its own signature, and who dials the route compares. Certificates may be renewed with the
 * same key; what a certificate says beside its key is nobody's business here.
 */
import { createHash, type KeyObject } from 'node:crypto'

/** SHA-256 over the SubjectPublicKeyInfo (DER) in 64 hex digits. */
export function certificateKeySha256(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(der).digest('hex')
}

const rsaBitsMin = 2048
const curves = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/** The strength that public certificate authorities ask of a key, since none is asked here. */
export function isSoundCertificateKey(publicKey: KeyObject): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = publicKey
  switch (asymmetricKeyType) {
    case 'rsa':
      return (asymmetricKeyDetails?.modulusLength ?? 0) >= rsaBitsMin
    case 'ec':
      return curves.has(asymmetricKeyDetails?.namedCurve ?? '')
    case 'ed25519':
      return true
    default:
      return false
  }
}
