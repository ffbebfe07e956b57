// The signatures are those of the SDK's own signer, whatever is signed and by whom.
import { createHash, createHmac, type Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Credentials, type Message, makeSign } from '../../../src/adapters/aws/sign.ts'

const region = 'eu-central-1'
const host = 'dynamodb.eu-central-1.amazonaws.com'
const contentType = 'application/x-amz-json-1.0'

/** What the SDK's signer hashes with. */
class Sha256 {
  readonly hash: Hmac | ReturnType<typeof createHash>

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret))
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.hash.update(bytesOf(data))
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest()
  }

  reset(): void {}
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data)
  if (!ArrayBuffer.isView(data)) return Buffer.from(data)
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

async function signedBySdk({ target, body }: Message, credentials: Credentials, atMs: number) {
  const { sessionToken, ...lasting } = credentials
  const signer = new SignatureV4({
    service: 'dynamodb',
    region,
    credentials: sessionToken === undefined ? lasting : { ...lasting, sessionToken },
    sha256: Sha256,
    applyChecksum: false,
  })
  const headers = { host, 'content-type': contentType, 'x-amz-target': target }
  const at = { method: 'POST', protocol: 'https:', hostname: host, path: '/' }
  const signed = await signer.sign({ ...at, headers, body }, { signingDate: new Date(atMs) })
  return signed.headers
}

const text = (minLength: number) => fc.string({ unit: 'grapheme-ascii', minLength, maxLength: 40 })
const token = fc.stringMatching(/^[\w+/=]{1,200}$/)
const someone = fc.record({
  accessKeyId: fc.stringMatching(/^[A-Z\d]{1,20}$/),
  secretAccessKey: text(1),
  sessionToken: fc.option(token, { nil: undefined }),
})
const message = fc.record({
  target: fc.stringMatching(/^\w{1,20}\.\w{1,20}$/),
  body: fc.string({ unit: 'grapheme', maxLength: 300 }),
})
const time = fc.integer({ min: 0, max: Date.UTC(2099, 1) })

test('a signed request has the headers that the SDK would send', async () => {
  const sign = makeSign({ name: 'dynamodb', region, host, contentType })
  await fc.assert(
    fc.asyncProperty(message, someone, time, async (one, credentials, atMs) => {
      const flat = sign(one, credentials, atMs)
      const pairs = flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]]] : []))
      expect(Object.fromEntries(pairs)).toEqual(await signedBySdk(one, credentials, atMs))
    }),
  )
})
