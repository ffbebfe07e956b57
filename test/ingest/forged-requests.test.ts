// Whatever is changed in a genuine request, nothing is accepted and nothing is written.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import type { makeIngestApp } from '../../src/ingest/app.ts'
import { withFaults } from '../adapters/dynamodb/faults.ts'
import { type ControlPlane, replyOf, startControlPlane } from '../support/control-plane.ts'
import { makeTestHost } from '../support/test-host.ts'
import { type Genuine, genuine, type Sent, signedBy, toRequest } from './signed-requests.ts'

let plane: ControlPlane
let app: ReturnType<typeof makeIngestApp>
const writes: string[] = []
beforeAll(async () => {
  plane = await startControlPlane()
  const watched = withFaults(plane, ({ command = '' }) => {
    if (!/^(Get|Query|BatchGet)/.test(command)) writes.push(command)
  })
  app = plane.ingestOf({
    fleet: makeFleetStore(watched),
    accounts: makeAccountStore(watched),
    journal: makeJournalStore(watched),
  })
})
afterAll(() => plane.stop())

const byte = fc.integer({ min: 0, max: 255 })
const ascii = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
/** A place in a text of whatever length. */
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const at = (share: number, length: number) => Math.floor(share * length)

type Change = (sent: Sent) => Sent

const bodyChange: fc.Arbitrary<Change> = fc
  .tuple(fc.constantFrom('flip', 'insert', 'delete', 'truncate'), place, byte)
  .map(([kind, share, value]) => (sent) => {
    const { body } = sent
    const index = at(share, body.length)
    const [before, after] = [body.subarray(0, index), body.subarray(index + 1)]
    const kept = body.subarray(index, index + 1)
    switch (kind) {
      case 'flip':
        return { ...sent, body: Buffer.concat([before, Buffer.from([value]), after]) }
      case 'insert':
        return { ...sent, body: Buffer.concat([before, Buffer.from([value]), kept, after]) }
      case 'delete':
        return { ...sent, body: Buffer.concat([before, after]) }
      default:
        return { ...sent, body: before }
    }
  })

const headerNames = ['content-digest', 'signature', 'signature-input', 'content-type'] as const
const headerName = fc.constantFrom(...headerNames)

const changeHeader =
  (name: string, change: (value: string) => string): Change =>
  (sent) => ({
    ...sent,
    headers: { ...sent.headers, [name]: change(sent.headers[name] ?? '') },
  })

const headerChange: fc.Arbitrary<Change> = fc
  .tuple(headerName, fc.constantFrom('change', 'insert', 'delete', 'truncate'), place, ascii)
  .map(([name, kind, share, character]) =>
    changeHeader(name, (value) => {
      const index = at(share, value.length)
      const [before, after] = [value.slice(0, index), value.slice(index + 1)]
      if (kind === 'truncate') return before
      if (kind === 'delete') return before + after
      return before + character + (kind === 'insert' ? value.charAt(index) : '') + after
    }),
  )

const headerLost: fc.Arbitrary<Change> = headerName.map((name) => (sent) => {
  const { [name]: _, ...headers } = sent.headers
  return { ...sent, headers }
})

const parameters = ['created', 'expires', 'nonce', 'keyid', 'tag', 'alg'] as const
const quoted = fc
  .constantFrom(
    'b3iq:prod:heartbeat',
    'b3iq:test:heartbeat',
    'b3iq:test:enroll',
    'n_aaaaaaaaaaaaaaaaaaaaaaaaaa',
    'rsa-pss-sha512',
    'hmac-sha256',
    '',
  )
  .map((text) => `"${text}"`)
const seconds = fc.integer({ min: 0, max: 4_000_000_000 }).map(String)

const parameterChange: fc.Arbitrary<Change> = fc
  .tuple(fc.constantFrom(...parameters), fc.oneof(quoted, seconds))
  .map(([name, value]) =>
    changeHeader('signature-input', (input) =>
      input.replace(new RegExp(`;${name}=("[^"]*"|\\d+)`), `;${name}=${value}`),
    ),
  )

/** Parameters or covered fields in another order, one of them twice, or one left out. */
const orderChange: fc.Arbitrary<Change> = fc
  .tuple(fc.constantFrom(';', ' '), fc.constantFrom('swap', 'repeat', 'drop'), place, place)
  .map(([separator, kind, one, other]) =>
    changeHeader('signature-input', (input) => {
      const parts = input.split(separator)
      const [from, to] = [at(one, parts.length), at(other, parts.length)]
      const part = parts[from] ?? ''
      if (kind === 'drop') return parts.toSpliced(from, 1).join(separator)
      if (kind === 'repeat') return parts.toSpliced(to, 0, part).join(separator)
      return parts
        .with(from, parts[to] ?? '')
        .with(to, part)
        .join(separator)
    }),
  )

const targetChange: fc.Arbitrary<Change> = fc.oneof(
  fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE').map((method): Change => {
    return (sent) => ({ ...sent, method })
  }),
  fc.constantFrom(...genuine.map(({ path }) => path)).map(
    (path): Change =>
      (sent) => ({ ...sent, path }),
  ),
  fc.constantFrom('/', '/x', '?', '?node_id=other', '%20').map(
    (end): Change =>
      (sent) => ({ ...sent, path: sent.path + end }),
  ),
)

const anyChange = fc.oneof(
  bodyChange,
  headerChange,
  headerLost,
  parameterChange,
  orderChange,
  targetChange,
)

/** Two spellings of one request are one request: a header's outer spaces, an empty query. */
async function isSame(one: Request, other: Request): Promise<boolean> {
  const parts = async (request: Request) =>
    JSON.stringify([
      request.method,
      request.url.replace(/\?$/, ''),
      [...request.headers],
      Buffer.from(await request.arrayBuffer()).toString('base64'),
    ])
  return (await parts(one)) === (await parts(other))
}

const whereSigned = ['bad_signature', 'unknown_node', 'unsupported_media_type']
const whereRouted = ['not_found', 'method_not_allowed', 'request_too_large']
/** An enrolment brings its own key, so its body is read before the signature is. */
const whereReadFirst = [
  'invalid_json',
  'invalid_value',
  'missing_required_parameter',
  'public_key_rejected',
]

describe('a genuine request, changed in any way,', () => {
  test.each(genuine.map((one): [string, Genuine] => [one.endpoint, one]))(
    'is not taken for %s, and nothing is written; unchanged, it is',
    async (endpoint, one) => {
      const { host, document } = await one.make(plane)
      const sent = await signedBy(host, one, document, { nowMs: plane.nowMs() })
      await fc.assert(
        fc.asyncProperty(anyChange, async (change) => {
          const changed = change(sent)
          fc.pre(!(await isSame(toRequest(changed), toRequest(sent))))
          writes.length = 0
          const { status, error } = await replyOf(await app.request(toRequest(changed)))
          expect(status).toBeGreaterThanOrEqual(400)
          expect(status).toBeLessThan(500)
          const isRead = endpoint === 'enroll' || changed.path.endsWith('/enroll')
          const codes = [...whereSigned, ...whereRouted, ...(isRead ? whereReadFirst : [])]
          expect(codes).toContain(error.code)
          expect(writes).toEqual([])
        }),
        { numRuns: 150 },
      )
      expect((await app.request(toRequest(sent))).status).toBe(200)
    },
  )
})

describe('another key cannot speak for a node', () => {
  test.each(genuine.map((one): [string, Genuine] => [one.endpoint, one]))(
    'at %s, whatever it signs',
    async (_, one) => {
      const { host, document } = await one.make(plane)
      const forger = makeTestHost(plane)
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: -90_000, max: 90_000 }), async (offMs) => {
          const nowMs = plane.nowMs() + offMs
          const by = { nowMs, keyId: host.nodeId }
          const request = toRequest(await signedBy(forger, one, document, by))
          writes.length = 0
          const reply = await replyOf(await app.request(request))
          expect(reply).toMatchObject({ status: 401, error: { code: 'bad_signature' } })
          expect(writes).toEqual([])
        }),
        { numRuns: 10 },
      )
    },
  )
})
