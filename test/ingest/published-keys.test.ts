/** Nodes hear of the stage's keys when they enrol, and by a beat when the list has changed since. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ids } from '../../src/adapters/system.ts'
import { adoptKey, announceKey, type Rotated } from '../../src/keys/rotate-secrets.ts'
import {
  newStageSecrets,
  publishedKeysOf,
  type StageSecrets,
} from '../../src/keys/stage-secrets.ts'
import { EnrolReply } from '../../src/protocol/enrolment.ts'
import { HeartbeatReply } from '../../src/protocol/heartbeat.ts'
import { publishedKeysDigest } from '../../src/protocol/key-succession.ts'
import { type ControlPlane, stage, startControlPlane } from '../support/control-plane.ts'
import { approvedHost, joinCode, makeTestHost } from '../support/test-host.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

test('a beat that names no list, or another one, is answered with it, and one that names it is not', async () => {
  const host = await approvedHost(plane)
  const { keys } = HeartbeatReply.parse((await host.beat({ keys_digest: null })).body)
  expect(keys?.published.keys.map(({ use }) => use)).toEqual(['ticket_root', 'job'])
  expect(keys && publishedKeysDigest(keys.published)).toBe(keys?.digest)
  const stale = await host.beat({ keys_digest: 'f'.repeat(64) })
  expect(stale.body.keys).toEqual(keys)
  expect(await host.beat({ keys_digest: keys?.digest })).toMatchObject({ status: 200 })
  expect((await host.beat({ keys_digest: keys?.digest })).body).not.toHaveProperty('keys')
})

test('an agent that does not know of lists is sent none', async () => {
  const host = await approvedHost(plane)
  expect((await host.beat()).body).not.toHaveProperty('keys')
})

test('a new node is told of the keys in use, of coming ones and of those that have not ended', async () => {
  const nowMs = plane.nowMs()
  const secrets = newStageSecrets(stage, { ids, nowMs })
  const made = (document: StageSecrets, at: { readonly waitMs: number }) =>
    done(announceKey(document, 'ticket_root', { ids, nowMs, ...at }))
  const adopted = done(
    adoptKey(made(secrets, { waitMs: 0 }), 'ticket_root', { nowMs, overlapMs: 60_000 }),
  )
  const document = made(adopted, { waitMs: 60_000 })
  const enrolledWith = async () => {
    const app = plane.ingestOf({ publishedKeys: publishedKeysOf(document) })
    const host = makeTestHost(plane)
    const reply = await host.enrol(await joinCode(plane, `owner-${ids.token(8)}`), {}, { app })
    return EnrolReply.parse(reply.body)
  }
  const rootOf = (key: { readonly private_key: { readonly x: string } } | undefined) =>
    key?.private_key.x
  const coming = [rootOf(document.ticket_root_key), rootOf(document.coming_keys.ticket_root)]
  const reply = await enrolledWith()
  expect(reply.ticket_root_public_keys).toEqual([...coming, rootOf(secrets.ticket_root_key)])
  expect(reply.job_public_keys).toEqual([
    { key_id: secrets.job_key.key_id, public_key: rootOf(secrets.job_key) },
  ])
  plane.passMs(3 * 60_000)
  expect((await enrolledWith()).ticket_root_public_keys).toEqual(coming)
})

function done(rotated: Rotated): StageSecrets {
  if (!rotated.ok) throw new Error(rotated.message)
  return rotated.secrets
}
