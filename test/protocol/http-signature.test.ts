import { httpbis } from 'http-message-signatures'
import { describe, expect, it } from 'vitest'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import {
  checkRequest,
  claimedKeyId,
  type SignatureBy,
  type SignatureExpectation,
  type SignedHttpRequest,
  signatureTag,
  signRequest,
} from '../../src/protocol/http-signature.ts'

const nowMs = Date.UTC(2026, 0, 1)
const signer = makeSigner(generatePrivateKey())
const stranger = makeSigner(generatePrivateKey())
const tag = signatureTag('test', 'heartbeat')

const by: SignatureBy = { signer, keyId: 'n_one', tag, nonce: 'nonce-1', nowMs }
const expected: SignatureExpectation = {
  tag,
  publicKeyOf: (keyId) => (keyId === 'n_one' ? signer.publicKey : undefined),
  nowMs,
}
const unsigned = {
  method: 'POST',
  url: 'https://agent.example/ingest/v1/heartbeats',
  body: Buffer.from('{"seq":1}'),
}

async function signed(change: Partial<SignatureBy> = {}): Promise<SignedHttpRequest> {
  return { ...unsigned, headers: await signRequest(unsigned, { ...by, ...change }) }
}

/** What a signer of its own making could send: all as agreed, but for the life. */
async function signedFor(lifeMs: number): Promise<SignedHttpRequest> {
  const { signature: _, 'signature-input': __, ...headers } = (await signed()).headers
  const message = await httpbis.signMessage(
    {
      key: { id: 'n_one', alg: 'ed25519', sign: async (bytes) => signer.signBytes(bytes) },
      name: 'b3iq',
      fields: ['@method', '@path', 'content-digest', 'content-type'],
      params: ['created', 'expires', 'nonce', 'keyid', 'tag', 'alg'],
      paramValues: {
        created: new Date(nowMs),
        expires: new Date(nowMs + lifeMs),
        nonce: 'nonce-1',
        tag,
      },
    },
    { method: unsigned.method, url: unsigned.url, headers },
  )
  const lowerCased = Object.entries(message.headers).map(([name, value]) => [
    name.toLowerCase(),
    String(value),
  ])
  return { ...unsigned, headers: Object.fromEntries(lowerCased) }
}

const withHeader = (
  request: SignedHttpRequest,
  name: string,
  change: (value: string) => string,
): SignedHttpRequest => ({
  ...request,
  headers: { ...request.headers, [name]: change(request.headers[name] ?? '') },
})

describe('a signed request', () => {
  it('verifies, and tells who signed it when', async () => {
    expect(await checkRequest(await signed(), expected)).toEqual({
      ok: true,
      keyId: 'n_one',
      createdMs: nowMs,
    })
  })

  it('verifies behind a proxy that rewrites the host, but not the path', async () => {
    const request = { ...(await signed()), url: 'http://10.0.0.7:8080/ingest/v1/heartbeats' }
    expect((await checkRequest(request, expected)).ok).toBe(true)
  })

  it('names its key before it is verified', async () => {
    expect(claimedKeyId((await signed()).headers)).toBe('n_one')
    expect(claimedKeyId({})).toBeUndefined()
  })
})

describe('a request is bad_signature when', () => {
  const otherDigest = 'sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:'
  it.each<[string, (request: SignedHttpRequest) => SignedHttpRequest]>([
    ['its method is another', (one) => ({ ...one, method: 'PUT' })],
    [
      'its path is another',
      (one) => ({ ...one, url: 'https://agent.example/ingest/v1/inventory' }),
    ],
    ['its body is another', (one) => ({ ...one, body: Buffer.from('{"seq":2}') })],
    [
      'body and digest are others',
      (one) => withHeader({ ...one, body: Buffer.from('{}') }, 'content-digest', () => otherDigest),
    ],
    ['its type is another', (one) => withHeader(one, 'content-type', () => 'text/plain')],
    ['its digest is missing', (one) => withHeader(one, 'content-digest', () => '')],
    ['its signature is missing', (one) => withHeader(one, 'signature', () => '')],
    ['its signature is cut', (one) => withHeader(one, 'signature', (s) => s.replace(/..=:/, '=:'))],
    [
      'its signature has another name',
      (one) => withHeader(one, 'signature-input', (input) => input.replace('b3iq=', 'sig1=')),
    ],
    ...(
      [
        ['keyid', 'keyid="n_one"', 'keyid="n_two"'],
        ['tag', ':heartbeat"', ':inventory"'],
        ['nonce', 'nonce-1', 'nonce-2'],
        ['algorithm', 'alg="ed25519"', 'alg="hmac-sha256"'],
        ['expiry', /expires=\d+/, 'expires=9999999999'],
        ['creation', /created=\d+/, `created=${nowMs / 1000 + 1}`],
        ['coverage', '"content-digest" ', ''],
      ] as const
    ).map(([name, from, to]): [string, (one: SignedHttpRequest) => SignedHttpRequest] => [
      `its ${name} is changed`,
      (one) => {
        const changed = withHeader(one, 'signature-input', (input) => input.replace(from, to))
        expect(changed.headers).not.toEqual(one.headers)
        return changed
      },
    ]),
  ])('%s', async (_, mutate) => {
    const check = await checkRequest(mutate(await signed()), expected)
    expect(check).toEqual({ ok: false, code: 'bad_signature' })
  })

  it.each<[string, Partial<SignatureBy>]>([
    ['another key made it', { signer: stranger }],
    ['its key is unknown', { keyId: 'n_two' }],
    ['it was made for another endpoint', { tag: signatureTag('test', 'enroll') }],
    ['it was made for another stage', { tag: signatureTag('prod', 'heartbeat') }],
  ])('%s', async (_, change) => {
    const check = await checkRequest(await signed(change), expected)
    expect(check).toEqual({ ok: false, code: 'bad_signature' })
  })

  it.each([
    [60_000, true],
    [61_000, false],
    [3_600_000, false],
  ])('its signer gave it another life than a minute: %i ms', async (lifeMs, isGood) => {
    const check = await checkRequest(await signedFor(lifeMs), expected)
    expect(check).toMatchObject(isGood ? { ok: true } : { ok: false, code: 'bad_signature' })
  })
})

describe('the clock', () => {
  it.each([-120_000, -1_000, 0, 120_000])('may differ by %i ms', async (deltaMs) => {
    const check = await checkRequest(await signed(), { ...expected, nowMs: nowMs + deltaMs })
    expect(check.ok).toBe(true)
  })

  it.each([-121_000, 121_000, 86_400_000])('that differs by %i ms is told so', async (deltaMs) => {
    const check = await checkRequest(await signed(), { ...expected, nowMs: nowMs + deltaMs })
    expect(check).toEqual({ ok: false, code: 'clock_skew', deltaMs })
  })

  it('of a request that is not signed well is nobody’s business', async () => {
    const request = { ...(await signed({ signer: stranger })) }
    const check = await checkRequest(request, { ...expected, nowMs: nowMs + 86_400_000 })
    expect(check).toEqual({ ok: false, code: 'bad_signature' })
  })
})
