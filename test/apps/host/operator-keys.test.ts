/** Which keys of the operator a node listens to, from its enrolment on. */
import { describe, expect, it } from 'vitest'
import { type LearnedKeys, makeOperatorKeys } from '../../../apps/host/operator-keys.ts'
import { ids } from '../../../src/adapters/system.ts'
import { adoptKey, announceKey } from '../../../src/keys/rotate-secrets.ts'
import {
  type KeyUse,
  newStageSecrets,
  publishedKeysOf,
  type StageSecrets,
} from '../../../src/keys/stage-secrets.ts'
import { publishedKeysDigest } from '../../../src/protocol/key-succession.ts'
import { PublishedKeys } from '../../../src/protocol/published-keys.ts'
import { ticketLifeMsMax } from '../../../src/protocol/ticket.ts'

const startMs = Date.UTC(2026, 0, 1)
const overlapMs = 3_600_000
const first = newStageSecrets('test', { ids, nowMs: startMs })

/** As it comes over the wire. */
function listOf(secrets: StageSecrets) {
  const published = publishedKeysOf(secrets)
  return {
    digest: publishedKeysDigest(published),
    published: PublishedKeys.parse(JSON.parse(JSON.stringify(published))),
  }
}

function announced(from: StageSecrets, use: KeyUse, waitMs = 0): StageSecrets {
  const coming = announceKey(from, use, { ids, nowMs: startMs, waitMs })
  if (!coming.ok) throw new Error(coming.message)
  return coming.secrets
}

function adopted(from: StageSecrets, use: KeyUse): StageSecrets {
  const taken = adoptKey(from, use, { nowMs: startMs, overlapMs })
  if (!taken.ok) throw new Error(taken.message)
  return taken.secrets
}

const rotated = (from: StageSecrets, use: KeyUse): StageSecrets =>
  adopted(announced(from, use), use)

const root = (secrets: StageSecrets) => secrets.ticket_root_key.private_key.x
const job = ({ job_key }: StageSecrets) => ({
  key_id: job_key.key_id,
  public_key: job_key.private_key.x,
})

function enrolledAt(secrets: StageSecrets) {
  let learned_keys: LearnedKeys | undefined
  let nowMs = startMs
  const lines: unknown[] = []
  const keys = makeOperatorKeys({
    enrolment: () => ({
      stage: 'test',
      ticket_root_public_keys: [root(secrets)],
      job_public_keys: [job(secrets)],
      learned_keys,
    }),
    keep: (next) => {
      learned_keys = next
    },
    nowMs: () => nowMs,
    log: (event, fields) => lines.push({ event, ...fields }),
  })
  const passMs = (ms: number) => {
    nowMs += ms
  }
  return { keys, lines, passMs, learned: () => learned_keys }
}

describe('a node', () => {
  it('trusts the keys of its enrolment before it has heard of others, and says so', () => {
    const { keys } = enrolledAt(first)
    keys.learn(undefined)
    expect(keys.digest()).toBeNull()
    expect(keys.ticketRoots()).toEqual([root(first)])
    expect(keys.jobKeys()).toEqual([job(first)])
  })

  it('trusts old and new root while both are good, and the new one alone from then on', () => {
    const { keys, passMs, lines } = enrolledAt(first)
    const next = rotated(first, 'ticket_root')
    keys.learn(listOf(next))
    expect(keys.digest()).toBe(listOf(next).digest)
    expect(keys.ticketRoots().toSorted()).toEqual([root(first), root(next)].toSorted())
    expect(lines).toEqual([{ event: 'operator_keys', code: 'ok', ticket_roots: 2, job_keys: 1 }])
    passMs(overlapMs + ticketLifeMsMax)
    expect(keys.ticketRoots()).toHaveLength(2)
    passMs(1)
    expect(keys.ticketRoots()).toEqual([root(next)])
  })

  it('takes a new job key, and drops the old one when it ends', () => {
    const { keys, passMs } = enrolledAt(first)
    const next = rotated(first, 'job')
    keys.learn(listOf(next))
    expect(keys.jobKeys()).toEqual(expect.arrayContaining([job(first), job(next)]))
    passMs(overlapMs + ticketLifeMsMax + 1)
    expect(keys.jobKeys()).toEqual([job(next)])
  })

  it('that was off for three rotations of every key is led to those of today', () => {
    const { keys, passMs } = enrolledAt(first)
    passMs(2 * overlapMs)
    const last = [1, 2, 3].reduce((one) => rotated(rotated(one, 'ticket_root'), 'job'), first)
    keys.learn(listOf(last))
    expect(keys.ticketRoots()).toEqual([root(last)])
    expect(keys.jobKeys()).toEqual([job(last)])
  })

  it('learns the job key of a stage that had none when it enrolled', () => {
    const secrets = { ...first, job_key: rotated(first, 'job').job_key }
    const { keys } = enrolledAt(first)
    keys.learn(listOf(secrets))
    expect(keys.jobKeys()).toEqual([job(secrets)])
  })
})

describe('a list is refused, and what was trusted stays', () => {
  const others = newStageSecrets('test', { ids, nowMs: startMs })
  const forged = listOf(rotated(first, 'ticket_root'))
  const cases: readonly [string, ReturnType<typeof listOf>, LearnedKeys['refused']][] = [
    ['of keys that were made anew', listOf(others), 'no_known_root'],
    ['of another stage', listOf({ ...first, stage: 'prod' }), 'wrong_stage'],
    [
      'whose successions are gone',
      {
        ...forged,
        published: {
          ...forged.published,
          keys: forged.published.keys.filter(({ public_key }) => public_key !== root(first)),
        },
      },
      'no_known_root',
    ],
  ]
  it.each(cases)('%s', (_, list, refused) => {
    const { keys, learned, lines } = enrolledAt(first)
    keys.learn(list)
    expect(learned()?.refused).toBe(refused)
    expect(lines).toMatchObject([{ event: 'operator_keys', code: refused }])
    expect(keys.ticketRoots()).toEqual([root(first)])
    expect(keys.jobKeys()).toEqual([job(first)])
    // Not asked for again with each beat.
    expect(keys.digest()).toBe(list.digest)
  })

  // Ends are not signed: whoever speaks for ingest may write any of them into a genuine list.
  const endsOf = (
    secrets: StageSecrets,
    endOf: (key: PublishedKeys['keys'][number]) => number | null,
  ) => {
    const { published } = listOf(secrets)
    const keys = published.keys.map((key) => ({ ...key, not_after_ms: endOf(key) }))
    return { digest: 'e'.repeat(64), published: { ...published, keys } }
  }
  const soonMs = startMs + overlapMs
  const coming = announced(first, 'ticket_root', 2 * overlapMs)
  const comingId = coming.coming_keys.ticket_root?.key_id

  it.each([
    ['every key', endsOf(first, () => soonMs)],
    ['every root', endsOf(first, ({ use }) => (use === 'ticket_root' ? soonMs : null))],
    [
      'every root but one that is still to come',
      endsOf(coming, ({ key_id }) => (key_id === comingId ? null : soonMs)),
    ],
  ])('that ends %s soon, and the genuine one is taken after that', (_, list) => {
    const { keys, learned, passMs } = enrolledAt(first)
    keys.learn(list)
    expect(learned()?.refused).toBe('no_root_in_use')
    passMs(overlapMs + ticketLifeMsMax + 1)
    expect(keys.ticketRoots()).toEqual([root(first)])
    expect(keys.jobKeys()).toEqual([job(first)])
    keys.learn(listOf(coming))
    expect(learned()?.refused).toBeNull()
    expect(keys.ticketRoots()).toHaveLength(2)
  })

  it('that leads to no job key: a stage that stays rolled back after the overlap', () => {
    const both = announced(first, 'ticket_root')
    const { keys, learned, passMs } = enrolledAt(first)
    keys.learn(listOf(both))
    const next = adopted(both, 'ticket_root')
    keys.learn(listOf(next))
    passMs(overlapMs + ticketLifeMsMax + 1)
    keys.learn(listOf(both))
    expect(learned()?.refused).toBe('no_job_key')
    expect(keys.jobKeys()).toEqual([job(first)])
    keys.learn(listOf(next))
    expect(learned()?.refused).toBeNull()
    expect(keys.ticketRoots()).toEqual([root(next)])
  })

  it('but one of a root that begins as the clocks differ is taken', () => {
    const ahead = announced(first, 'ticket_root', 60_000)
    const taken = adoptKey(ahead, 'ticket_root', { nowMs: startMs + 60_000, overlapMs })
    if (!taken.ok) throw new Error(taken.message)
    const { keys, learned } = enrolledAt(first)
    keys.learn(listOf(taken.secrets))
    expect(learned()?.refused).toBeNull()
  })

  it('and the next good one is taken', () => {
    const { keys } = enrolledAt(first)
    keys.learn(listOf(others))
    const next = rotated(first, 'ticket_root')
    keys.learn(listOf(next))
    expect(keys.ticketRoots()).toContain(root(next))
  })
})

describe('a key counts for nothing', () => {
  const next = rotated(rotated(first, 'ticket_root'), 'job')
  const { digest, published } = listOf(next)
  const learnedFrom = (change: Partial<PublishedKeys>) => {
    const { keys } = enrolledAt(first)
    keys.learn({ digest, published: { ...published, ...change } })
    return { roots: keys.ticketRoots(), jobs: keys.jobKeys().map(({ key_id }) => key_id) }
  }
  const changed = (keyId: string, change: object) => ({
    keys: published.keys.map((key) => (key.key_id === keyId ? { ...key, ...change } : key)),
  })
  const newRoot = next.ticket_root_key.key_id

  it.each<[string, Partial<PublishedKeys>]>([
    ['without a succession', { successions: [] }],
    ['whose succession is for another start', changed(newRoot, { not_before_ms: 1 })],
    [
      'whose succession is for another key',
      changed(newRoot, { public_key: root(newStageSecrets('test', { ids, nowMs: 0 })) }),
    ],
    ['whose succession is for another use', changed(newRoot, { use: 'job' })],
    [
      'that a receipt key, or nobody, has signed for',
      {
        successions: published.successions.map((one) => ({
          ...one,
          by_key_id: next.receipt_key.key_id,
        })),
      },
    ],
  ])('%s', (_, change) => {
    const { roots, jobs } = learnedFrom(change)
    expect(roots).toEqual([root(first)])
    // What the new root certifies falls with it; a list without a root in use changes nothing at all.
    expect(jobs).toEqual([first.job_key.key_id])
  })

  it('when a job key has signed for it as if it were a root', () => {
    const byJob = published.successions.map((one) => ({ ...one, by_key_id: first.job_key.key_id }))
    expect(learnedFrom({ successions: byJob }).roots).toEqual([root(first)])
  })
})
