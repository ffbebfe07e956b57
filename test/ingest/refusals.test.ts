// Every signed endpoint refuses alike: the same fault has the same code wherever it is met.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signatureTag } from '../../src/protocol/http-signature.ts'
import { type ControlPlane, replyOf, stage, startControlPlane } from '../support/control-plane.ts'
import { enrolledHost, makeTestHost, type TestHost } from '../support/test-host.ts'
import { type Genuine, genuine, type Sent, signedBy, toRequest } from './signed-requests.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const answerTo = async (sent: Sent) => replyOf(await plane.ingest.request(toRequest(sent)))

type Made = { readonly host: TestHost; readonly document: unknown }
type Fault = (one: Genuine, made: Made) => Promise<Sent>

const signedAt = (offMs: number, changes: object = {}): Fault => {
  return (one, { host, document }) =>
    signedBy(host, one, document, { nowMs: plane.nowMs() + offMs, ...changes })
}
const taggedFor = (tag: ReturnType<typeof signatureTag>) => signedAt(0, { tag })

const withBody =
  (change: (body: Buffer) => Buffer): Fault =>
  async (one, made) => {
    const sent = await signedAt(0)(one, made)
    return { ...sent, body: change(sent.body) }
  }

const faults: readonly [what: string, status: number, code: string, fault: Fault][] = [
  ['a clock 121 s behind', 401, 'clock_skew', signedAt(-122_000)],
  ['a clock 121 s ahead', 401, 'clock_skew', signedAt(122_000)],
  [
    'the tag of another stage',
    401,
    'bad_signature',
    (one, made) => taggedFor(signatureTag('prod', one.endpoint))(one, made),
  ],
  [
    'the tag of another endpoint',
    401,
    'bad_signature',
    (one, made) => {
      const other = one.endpoint === 'heartbeat' ? 'inventory' : 'heartbeat'
      return taggedFor(signatureTag(stage, other))(one, made)
    },
  ],
  [
    'the key of another',
    401,
    'bad_signature',
    (one, { host, document }) =>
      signedBy(makeTestHost(plane), one, document, { nowMs: plane.nowMs(), keyId: host.nodeId }),
  ],
  ['a key id that is none', 401, 'bad_signature', signedAt(0, { keyId: 'nobody' })],
]

describe.each(genuine.map((one): [string, Genuine] => [one.endpoint, one]))('%s', (_, one) => {
  test.each(faults)('with %s: %i %s', async (_, status, code, fault) => {
    const reply = await answerTo(await fault(one, await one.make(plane)))
    expect(reply).toMatchObject({ status, error: { code } })
  })
})

const withBodies = genuine.filter(({ method }) => method !== 'GET')

describe.each(withBodies.map((one): [string, Genuine] => [one.endpoint, one]))('%s', (_, one) => {
  test('beyond its bound: 413 request_too_large', async () => {
    const tooLarge = withBody((body) => Buffer.concat([body, Buffer.alloc(one.bytesMax, 32)]))
    const reply = await answerTo(await tooLarge(one, await one.make(plane)))
    expect(reply).toMatchObject({ status: 413, error: { code: 'request_too_large' } })
  })

  test('cut short: nothing of it is believed', async () => {
    const cut = withBody((body) => body.subarray(0, -1))
    const reply = await answerTo(await cut(one, await one.make(plane)))
    const code = one.endpoint === 'enroll' ? 'invalid_json' : 'bad_signature'
    expect(reply.error.code).toBe(code)
  })
})

const ofNodes = genuine.filter(({ endpoint }) => endpoint !== 'enroll')
const openToPending = ['heartbeat', 'inventory']

describe.each(ofNodes.map((one): [string, Genuine] => [one.endpoint, one]))('%s', (_, one) => {
  const sentBy = async (host: TestHost) => {
    const { document } = await one.make(plane)
    return answerTo(await signedBy(host, one, document, { nowMs: plane.nowMs() }))
  }

  test('of a node that never enrolled: 401 unknown_node', async () => {
    const reply = await sentBy(makeTestHost(plane))
    expect(reply).toMatchObject({ status: 401, error: { code: 'unknown_node' } })
  })

  test.runIf(!openToPending.includes(one.endpoint))(
    'of a node that waits: 403 pending_approval',
    async () => {
      const reply = await sentBy(await enrolledHost(plane))
      expect(reply).toMatchObject({ status: 403, error: { code: 'pending_approval' } })
    },
  )

  test.each(['suspend', 'retire'])('of a node after %s: 403 node_revoked', async (change) => {
    const host = await enrolledHost(plane)
    await plane.operate('POST', `/nodes/${host.nodeId}/${change}`)
    const reply = await sentBy(host)
    expect(reply).toMatchObject({ status: 403, error: { code: 'node_revoked' } })
  })

  test('of a cloned identity: 403 cloned_identity', async () => {
    const host = await enrolledHost(plane)
    const suspension = { reason: 'cloned_identity', atMs: plane.nowMs() } as const
    const { nodeId } = host
    await plane.fleet.changeStatus({ nodeId, from: ['pending'], to: 'suspended', suspension })
    const reply = await sentBy(host)
    expect(reply).toMatchObject({ status: 403, error: { code: 'cloned_identity' } })
  })
})
