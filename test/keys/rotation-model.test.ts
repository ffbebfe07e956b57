/**
 * Whole histories: keys that follow one another in any order, functions that are deployed late, nodes
 * that enrol at any time and are off for as long as they like. Nothing that was ever signed is lost, and
 * no node that is on meets a key that it does not trust.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type LearnedKeys, makeOperatorKeys } from '../../apps/host/operator-keys.ts'
import { ids } from '../../src/adapters/system.ts'
import { hashKey, makeKey } from '../../src/keys/api-key.ts'
import {
  adoptKey,
  adoptPepper,
  announceKey,
  announcePepper,
  type Rotated,
  replaceSecret,
} from '../../src/keys/rotate-secrets.ts'
import {
  claimSecretOf,
  type KeyUse,
  newStageSecrets,
  peppersOf,
  publishedKeysOf,
  type StageSecrets,
} from '../../src/keys/stage-secrets.ts'
import { verifyTagged } from '../../src/protocol/ed25519.ts'
import { keysNotEnded, publishedKeysDigest } from '../../src/protocol/key-succession.ts'
import { isTicketKeyCertified } from '../../src/protocol/ticket.ts'
import { isVerified, verifyReceipt } from '../../src/receipts/verify-receipt.ts'
import { jobSignatureBy, receiptBy, ticketKeyBy } from './signed-by.ts'

const hourMs = 3_600_000
const waitMs = 24 * hourMs
const overlapMs = 7 * 24 * hourMs

const Use = fc.constantFrom<KeyUse>('receipt', 'ticket_root', 'job')
const Step = fc.oneof(
  fc.record({ do: fc.constant('rotate' as const), use: Use }),
  fc.record({ do: fc.constant('announce' as const), use: Use }),
  fc.record({ do: fc.constantFrom('pepper' as const, 'replace' as const) }),
  fc.record({ do: fc.constantFrom('deploy' as const, 'hear' as const) }),
  fc.record({ do: fc.constant('pass' as const), hours: fc.integer({ min: 1, max: 48 }) }),
  fc.record({ do: fc.constant('enrol' as const) }),
  fc.record({ do: fc.constantFrom('switch' as const), node: fc.nat(5) }),
)
type Step = typeof Step extends fc.Arbitrary<infer One> ? One : never

type Node = { readonly keys: ReturnType<typeof makeOperatorKeys>; isOn: boolean }

function makeWorld() {
  let nowMs = Date.UTC(2026, 0, 1)
  /** As it is stored. */
  let stored = newStageSecrets('test', { ids, nowMs })
  /** As functions that are deployed late still have it. */
  let running = stored
  let adoptedAtMs: number | undefined
  const claimSecret = claimSecretOf(stored)
  const nodes: Node[] = []
  const everPublished = new Map<string, string>()
  const receipts: ReturnType<typeof receiptBy>[] = []
  const tickets: { atMs: number; key: ReturnType<typeof ticketKeyBy> }[] = []
  const jobs: ReturnType<typeof jobSignatureBy>[] = []
  const customers: { key: string; hash: string | undefined }[] = []
  const job = { type: 'drain' }

  const listOf = (secrets: StageSecrets) => {
    const published = publishedKeysOf(secrets)
    return { digest: publishedKeysDigest(published), published }
  }

  /** Every function signs, the late ones with the document that they still have. */
  function sign(): void {
    for (const secrets of new Set([running, stored])) {
      receipts.push(receiptBy(secrets, nowMs))
      tickets.push({ atMs: nowMs, key: ticketKeyBy(secrets, { ids, nowMs }) })
      jobs.push(jobSignatureBy(secrets, job))
      const key = makeKey('sk-b3iq', peppersOf(secrets), ids)
      customers.push({ key, hash: hashKey(key, 'sk-b3iq', peppersOf(running)) })
      for (const { keys } of nodes.filter(({ isOn }) => isOn)) {
        expect(isTicketKeyCertified(tickets.at(-1)?.key ?? missing(), keys.ticketRoots())).toBe(
          true,
        )
        expect(keys.jobKeys().map(({ key_id }) => key_id)).toContain(secrets.job_key.key_id)
      }
    }
  }

  /** By default at an ingest that is deployed as late as everything else. */
  function beat(at = running): void {
    const published = listOf(at)
    for (const node of nodes.filter(({ isOn }) => isOn)) {
      if (node.keys.digest() !== published.digest) node.keys.learn(published)
    }
  }

  function deploy(): void {
    running = stored
    adoptedAtMs = undefined
    beat()
  }

  function store(rotated: Rotated): void {
    // A document that is full rotates no further; everything else must go on.
    if (rotated.ok) stored = rotated.secrets
    for (const { key_id, public_key } of publishedKeysOf(stored).keys) {
      everPublished.set(key_id, public_key)
    }
  }

  function announce(use: KeyUse): void {
    if (stored.coming_keys[use] === undefined) {
      store(announceKey(stored, use, { ids, nowMs, waitMs }))
    }
  }

  function enrol(): void {
    let learned: LearnedKeys | undefined
    const { published } = listOf(running)
    const enrolled = {
      stage: 'test',
      ticket_root_public_keys: keysNotEnded(published, 'ticket_root', nowMs).map(
        ({ public_key }) => public_key,
      ),
      job_public_keys: [...keysNotEnded(published, 'job', nowMs)],
    }
    const keys = makeOperatorKeys({
      enrolment: () => ({ ...enrolled, learned_keys: learned }),
      keep: (next) => {
        learned = next
      },
      nowMs: () => nowMs,
      log: () => undefined,
    })
    nodes.push({ keys, isOn: true })
  }

  function pass(hours: number): void {
    nowMs += hours * hourMs
    const isLate = adoptedAtMs !== undefined && nowMs - adoptedAtMs > overlapMs - 48 * hourMs
    if (isLate) deploy()
    beat()
  }

  function take(step: Step): void {
    switch (step.do) {
      case 'announce':
        announce(step.use)
        break
      case 'rotate':
        announce(step.use)
        deploy()
        pass(24)
        adoptedAtMs ??= nowMs
        store(adoptKey(stored, step.use, { nowMs, overlapMs }))
        break
      case 'pepper':
        store(announcePepper(stored, { ids }))
        deploy()
        store(adoptPepper(stored))
        break
      case 'replace':
        store(replaceSecret(stored, 'enrolment_secret', ids))
        break
      case 'deploy':
        deploy()
        break
      case 'hear':
        beat(stored)
        break
      case 'enrol':
        enrol()
        break
      case 'switch':
        for (const node of nodes.slice(step.node, step.node + 1)) node.isOn = !node.isOn
        beat()
        break
      case 'pass':
        pass(step.hours)
        break
    }
  }

  function check(): void {
    for (const node of nodes) node.isOn = true
    deploy()
    sign()
    const published = publishedKeysOf(stored)
    for (const receipt of receipts) expect(isVerified(verifyReceipt(receipt, published))).toBe(true)
    for (const { key, atMs } of tickets) {
      const roots = keysNotEnded(published, 'ticket_root', atMs).map((one) => one.public_key)
      expect(isTicketKeyCertified(key, roots)).toBe(true)
    }
    const keyOf = (keyId: string) => published.keys.find(({ key_id }) => key_id === keyId)
    for (const { keyId, signature } of jobs) {
      const publicKey = keyOf(keyId)?.public_key ?? ''
      expect(verifyTagged('b3iq:job:v1', job, { publicKey, signature })).toBe(true)
    }
    for (const [keyId, publicKey] of everPublished) {
      expect(keyOf(keyId)?.public_key).toBe(publicKey)
    }
    for (const { key, hash } of customers) {
      expect(hash).toBeDefined()
      expect(hashKey(key, 'sk-b3iq', peppersOf(stored))).toBe(hash)
    }
    expect(claimSecretOf(stored)).toEqual(claimSecret)
  }

  return { take, sign, check }
}

const missing = (): never => {
  throw new Error('nothing was signed')
}

test('whatever is rotated when, everything signed verifies and every node that is on can follow', () => {
  fc.assert(
    fc.property(fc.array(Step, { maxLength: 20 }), (steps) => {
      const world = makeWorld()
      world.take({ do: 'enrol' })
      for (const step of steps) {
        world.take(step)
        world.sign()
      }
      world.check()
    }),
    { numRuns: 15, seed: 20_260_101 },
  )
})
