/**
 * Ed25519 over tagged canonical JSON. Public keys travel as the base64url of their 32 raw bytes,
 * signatures as the base64url of 64.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import * as z from 'zod'
import { type DomainTag, taggedBytes } from './canonical.ts'

/** The last character has unused bits; only one spelling of each key and signature is taken. */
const publicKeyText = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/
const signatureText = /^[A-Za-z0-9_-]{85}[AQgw]$/

export const PublicKey = z.string().regex(publicKeyText, 'must be a raw Ed25519 key')
export const Signature = z.string().regex(signatureText, 'must be an Ed25519 signature')

/** A private key as it is stored: JWK, base64url of the seed and of the public key. */
export const PrivateKeyJwk = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  d: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  x: PublicKey,
})
export type PrivateKeyJwk = z.infer<typeof PrivateKeyJwk>

export type Signer = {
  readonly publicKey: string
  readonly sign: (tag: DomainTag, value: unknown) => string
  /** For protocols that define their own bytes, such as HTTP message signatures. */
  readonly signBytes: (bytes: Uint8Array) => Buffer
}

export function generatePrivateKey(): PrivateKeyJwk {
  const { privateKey } = generateKeyPairSync('ed25519')
  return PrivateKeyJwk.parse(privateKey.export({ format: 'jwk' }))
}

export function makeSigner(jwk: PrivateKeyJwk): Signer {
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  const signBytes = (bytes: Uint8Array) => sign(null, bytes, key)
  return {
    publicKey: jwk.x,
    signBytes,
    sign: (tag, value) => signBytes(taggedBytes(tag, value)).toString('base64url'),
  }
}

export type Signed = { readonly publicKey: string; readonly signature: string }

export function verifyTagged(tag: DomainTag, value: unknown, signed: Signed): boolean {
  return verifyBytes(taggedBytes(tag, value), signed)
}

/** False for a malformed key or signature too: whoever sends one has not signed. */
export function verifyBytes(bytes: Uint8Array, { publicKey, signature }: Signed): boolean {
  if (!publicKeyText.test(publicKey) || !signatureText.test(signature)) return false
  const key = parsedKey(publicKey)
  return key !== undefined && verify(null, bytes, key, Buffer.from(signature, 'base64url'))
}

/** A host signs every answer with one key, and parsing it costs a tenth of a verification. */
const parsedKeysMax = 1_024
const parsedKeys = new Map<string, KeyObject>()

function parsedKey(publicKey: string): KeyObject | undefined {
  const known = parsedKeys.get(publicKey)
  if (known) return known
  const key = publicKeyObject(publicKey)
  if (!key) return undefined
  const [oldest] = parsedKeys.size < parsedKeysMax ? [] : parsedKeys.keys()
  if (oldest !== undefined) parsedKeys.delete(oldest)
  parsedKeys.set(publicKey, key)
  return key
}

function publicKeyObject(publicKey: string): KeyObject | undefined {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' })
  } catch {
    return undefined
  }
}
