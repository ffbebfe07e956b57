/**
 * The one profile of RFC 9421 that nodes sign their requests with. `@path` instead of the full
 * address, because proxies in front of ingest rewrite hosts; the body is bound by a digest that the
 * receiver recomputes from the raw bytes.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { httpbis } from 'http-message-signatures'
import type { Signer } from './ed25519.ts'
import { verifyBytes } from './ed25519.ts'

const coveredFields = ['@method', '@path', 'content-digest', 'content-type']
const requiredParams = ['created', 'expires', 'nonce', 'keyid', 'tag', 'alg']
const signatureLifeMs = 60_000
/** Exactly our fields and parameters, in our order and spelling, or the request is not ours. */
const signatureInput = new RegExp(
  `^b3iq=\\(${coveredFields.map((field) => `"${field}"`).join(' ')}\\)` +
    ';created=\\d{1,15};expires=\\d{1,15};nonce="[\\w.-]{1,64}";keyid="\\w{1,64}"' +
    ';tag="[\\w:.-]{1,64}";alg="ed25519"$',
)
/** The only spelling of 64 bytes in base64. */
const signatureBytes = /^b3iq=:[A-Za-z0-9+/]{85}[AQgw]==:$/

/** Beyond this the clocks differ too much; from `clockWarningMs` on the reply carries a warning. */
export const clockSkewMaxMs = 120_000
export const clockWarningMs = 30_000

export type SignedEndpoint =
  | 'enroll'
  | 'heartbeat'
  | 'inventory'
  | 'claims'
  | 'earnings'
  | 'reputation'
  | 'rotate'
  | 'jobs'

/** What a signature is for; a heartbeat's cannot be replayed as an enrolment. */
export type SignatureTag = `b3iq:${string}:${SignedEndpoint}`

export const signatureTag = (stage: string, endpoint: SignedEndpoint): SignatureTag =>
  `b3iq:${stage}:${endpoint}`

export type SignedHttpRequest = {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export type SignatureBy = {
  readonly signer: Signer
  readonly keyId: string
  readonly tag: SignatureTag
  readonly nonce: string
  readonly nowMs: number
}

/**
 * Headers to send with a JSON body, by lower-case name: digest, type, signature and its input. A GET
 * is signed, and sent, as a request whose body has no bytes.
 */
export async function signRequest(
  request: { readonly method: string; readonly url: string; readonly body: Buffer },
  by: SignatureBy,
): Promise<Record<string, string>> {
  const headers = {
    'content-type': 'application/json',
    'content-digest': contentDigest(request.body),
  }
  const signed = await httpbis.signMessage(
    {
      key: {
        id: by.keyId,
        alg: 'ed25519',
        sign: async (bytes) => by.signer.signBytes(bytes),
      },
      name: 'b3iq',
      fields: coveredFields,
      params: requiredParams,
      paramValues: {
        created: new Date(by.nowMs),
        expires: new Date(by.nowMs + signatureLifeMs),
        nonce: by.nonce,
        tag: by.tag,
      },
    },
    { method: request.method, url: request.url, headers },
  )
  return Object.fromEntries(
    Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  )
}

export type SignatureCheck =
  | { readonly ok: true; readonly keyId: string; readonly createdMs: number }
  | { readonly ok: false; readonly code: 'bad_signature' }
  | { readonly ok: false; readonly code: 'clock_skew'; readonly deltaMs: number }

export type SignatureExpectation = {
  readonly tag: SignatureTag
  /** The public key of a key id, or undefined where none is known. */
  readonly publicKeyOf: (keyId: string) => string | undefined
  readonly nowMs: number
}

/** The key id that a request says it is signed with; unverified. */
export function claimedKeyId(headers: Readonly<Record<string, string>>): string | undefined {
  return /;keyid="([^"]{1,64})"/.exec(headers['signature-input'] ?? '')?.[1]
}

/** Judges signature, tag, digest and clock. The sequence number in the body is checked elsewhere. */
export async function checkRequest(
  request: SignedHttpRequest,
  expected: SignatureExpectation,
): Promise<SignatureCheck> {
  const isOurs =
    signatureInput.test(request.headers['signature-input'] ?? '') &&
    signatureBytes.test(request.headers.signature ?? '')
  if (!isOurs || !digestMatches(request)) return { ok: false, code: 'bad_signature' }
  let seen: { keyId: string; createdMs: number; expiresMs: number } | undefined
  const verified = await httpbis
    .verifyMessage(
      {
        keyLookup: async (params) => {
          const publicKey =
            params.keyid === undefined ? undefined : expected.publicKeyOf(params.keyid)
          if (publicKey === undefined || params.keyid === undefined) return null
          if (params.tag !== expected.tag || params.alg !== 'ed25519') return null
          seen = {
            keyId: params.keyid,
            createdMs: secondsToMs(params.created),
            expiresMs: secondsToMs(params.expires),
          }
          return {
            id: params.keyid,
            algs: ['ed25519'],
            verify: async (bytes, signature) =>
              verifyBytes(bytes, { publicKey, signature: signature.toString('base64url') }),
          }
        },
        // The library would refuse skewed clocks without saying so; judged below, with the delta.
        notAfter: new Date(8_640_000_000_000_000),
        tolerance: Number.MAX_SAFE_INTEGER,
        requiredParams,
        requiredFields: coveredFields,
        all: true,
      },
      { method: request.method, url: request.url, headers: { ...request.headers } },
    )
    .catch(() => false)
  if (verified !== true || seen === undefined) return { ok: false, code: 'bad_signature' }
  if (seen.expiresMs - seen.createdMs !== signatureLifeMs) {
    return { ok: false, code: 'bad_signature' }
  }
  const deltaMs = expected.nowMs - seen.createdMs
  if (Math.abs(deltaMs) > clockSkewMaxMs) return { ok: false, code: 'clock_skew', deltaMs }
  return { ok: true, keyId: seen.keyId, createdMs: seen.createdMs }
}

/** The library hands `created` over as a Date and `expires` as seconds. */
function secondsToMs(value: unknown): number {
  if (value instanceof Date) return value.getTime()
  return typeof value === 'number' ? value * 1000 : 0
}

function contentDigest(body: Buffer): string {
  return `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
}

function digestMatches(request: SignedHttpRequest): boolean {
  const given = Buffer.from(request.headers['content-digest'] ?? '')
  const computed = Buffer.from(contentDigest(request.body))
  return given.length === computed.length && timingSafeEqual(given, computed)
}
