import { describe, expect, test } from 'vitest'
import {
  generatePrivateKey,
  makeSigner,
  PrivateKeyJwk,
  PublicKey,
  Signature,
  verifyBytes,
  verifyTagged,
} from '../../src/protocol/ed25519.ts'

const base64url = (hex: string) => Buffer.from(hex, 'hex').toString('base64url')

/** RFC 8032, section 7.1, tests 1 and 3. */
const vectors = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
]

describe('the signatures of RFC 8032', () => {
  test.each(vectors)('over $message', ({ seed, publicKey, message, signature }) => {
    const x = base64url(publicKey)
    const signer = makeSigner({ kty: 'OKP', crv: 'Ed25519', d: base64url(seed), x })
    const bytes = Buffer.from(message, 'hex')
    expect(signer.publicKey).toBe(x)
    expect(signer.signBytes(bytes).toString('hex')).toBe(signature)
    expect(verifyBytes(bytes, { publicKey: x, signature: base64url(signature) })).toBe(true)
  })
})

const signer = makeSigner(generatePrivateKey())
const signed = {
  publicKey: signer.publicKey,
  signature: signer.sign('b3iq:claim:v1', { a: 1, b: 2 }),
}

describe('a signature', () => {
  test('holds for its document, in any order', () => {
    expect(verifyTagged('b3iq:claim:v1', { b: 2, a: 1 }, signed)).toBe(true)
  })

  test('holds for no other document, kind or key', () => {
    const stranger = makeSigner(generatePrivateKey()).publicKey
    expect(verifyTagged('b3iq:claim:v1', { a: 1, b: 3 }, signed)).toBe(false)
    expect(verifyTagged('b3iq:receipt:v1', { a: 1, b: 2 }, signed)).toBe(false)
    expect(verifyTagged('b3iq:claim:v1', { a: 1, b: 2 }, { ...signed, publicKey: stranger })).toBe(
      false,
    )
  })

  test('has one spelling', () => {
    const last = signed.signature.at(-1) ?? ''
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const sameBytes = alphabet[alphabet.indexOf(last) + 1] ?? ''
    const respelt = `${signed.signature.slice(0, -1)}${sameBytes}`
    expect(Buffer.from(respelt, 'base64url')).toEqual(Buffer.from(signed.signature, 'base64url'))
    expect(verifyTagged('b3iq:claim:v1', { a: 1, b: 2 }, { ...signed, signature: respelt })).toBe(
      false,
    )
  })

  test.each([
    ['no signature', { ...signed, signature: '' }],
    ['padding', { ...signed, signature: `${signed.signature}==` }],
    ['no key', { ...signed, publicKey: '' }],
    ['a key that is no point', { ...signed, publicKey: base64url('ff'.repeat(32)) }],
  ])('is none with %s', (_, malformed) => {
    expect(verifyTagged('b3iq:claim:v1', { a: 1, b: 2 }, malformed)).toBe(false)
  })
})

test('a new key is a JWK whose parts have the shapes that travel', () => {
  const jwk = generatePrivateKey()
  expect(PrivateKeyJwk.parse(JSON.parse(JSON.stringify(jwk)))).toEqual(jwk)
  expect(PublicKey.safeParse(jwk.x).success).toBe(true)
  expect(Signature.safeParse(makeSigner(jwk).sign('b3iq:claim:v1', {})).success).toBe(true)
  expect(generatePrivateKey().d).not.toBe(jwk.d)
})
