/** One step of a rotation after another; whole histories of them are in `rotation-model.test.ts`. */
import { describe, expect, test } from 'vitest'
import { ids } from '../../src/adapters/system.ts'
import { hashKey, makeKey } from '../../src/keys/api-key.ts'
import {
  adoptKey,
  adoptPepper,
  announceKey,
  announcePepper,
  type Rotated,
  replaceSecret,
  secretsBytesMax,
  secretsText,
} from '../../src/keys/rotate-secrets.ts'
import {
  claimSecretOf,
  currentKeysOf,
  type KeyUse,
  newStageSecrets,
  peppersOf,
  publishedKeysOf,
  StageSecrets,
} from '../../src/keys/stage-secrets.ts'
import { makeSigner } from '../../src/protocol/ed25519.ts'
import { keysFollowing } from '../../src/protocol/key-succession.ts'
import { PublishedKeys } from '../../src/protocol/published-keys.ts'
import type { ReceiptView } from '../../src/protocol/receipt.ts'
import { isVerified, verifyReceipt } from '../../src/receipts/verify-receipt.ts'
import { receiptBy } from './signed-by.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const nowMs = Date.UTC(2026, 0, 1)
const secrets = newStageSecrets('test', { ids, nowMs })
const uses: readonly KeyUse[] = ['receipt', 'ticket_root', 'job']

function done(rotated: Rotated): StageSecrets {
  if (!rotated.ok) throw new Error(rotated.message)
  return StageSecrets.parse(JSON.parse(secretsText(rotated.secrets)))
}
const announced = (from: StageSecrets, use: KeyUse, atMs: number) =>
  done(announceKey(from, use, { ids, nowMs: atMs, waitMs: dayMs }))
const rotated = (from: StageSecrets, use: KeyUse, atMs: number) =>
  done(adoptKey(announced(from, use, atMs), use, { nowMs: atMs + dayMs, overlapMs: 7 * dayMs }))
const publishedBy = (document: StageSecrets, keyId: string) =>
  publishedKeysOf(document).keys.find(({ key_id }) => key_id === keyId)

describe.each(uses)('a coming %s key', (use) => {
  const next = announced(secrets, use, nowMs)
  const coming = next.coming_keys[use]

  test('is published from a later time on, and nothing is signed with it', () => {
    expect(publishedBy(next, coming?.key_id ?? '')).toEqual({
      key_id: coming?.key_id,
      use,
      public_key: coming?.private_key.x,
      not_before_ms: nowMs + dayMs,
      not_after_ms: null,
    })
    expect(currentKeysOf(next)).toEqual(currentKeysOf(secrets))
    expect(JSON.stringify(publishedKeysOf(next))).not.toContain(coming?.private_key.d)
  })

  test('is adopted no earlier than that, and then the old one is published to its end', () => {
    const early = adoptKey(next, use, { nowMs: nowMs + dayMs - 1, overlapMs: hourMs })
    expect(early).toEqual({
      ok: false,
      message: `The key ${coming?.key_id} may be adopted from 2026-01-02T00:00:00.000Z on: wait until then.`,
    })
    const adopted = done(adoptKey(next, use, { nowMs: nowMs + dayMs, overlapMs: hourMs }))
    expect(currentKeysOf(adopted)[use]).toEqual(coming)
    expect(adopted.coming_keys).toEqual({})
    const old = currentKeysOf(secrets)[use]
    expect(publishedBy(adopted, old.key_id)).toEqual({
      ...publishedBy(secrets, old.key_id),
      not_after_ms: nowMs + dayMs + hourMs,
    })
    expect(secretsText(adopted)).not.toContain(old.private_key.d)
  })

  test('stands in the way of another, and is missing where none was announced', () => {
    expect(announceKey(next, use, { ids, nowMs, waitMs: 0 })).toMatchObject({
      ok: false,
      message: expect.stringContaining('announced already'),
    })
    expect(adoptKey(secrets, use, { nowMs, overlapMs: hourMs })).toMatchObject({
      ok: false,
      message: expect.stringContaining('announce one'),
    })
  })

  test('makes way for another where that is asked for: stolen before its time, it never counts', () => {
    const atMs = nowMs + dayMs - 1
    const again = done(announceKey(next, use, { ids, nowMs: atMs, waitMs: 0, again: true }))
    expect(again.coming_keys[use]).toMatchObject({ not_before_ms: atMs })
    expect(again.coming_keys[use]?.key_id).not.toBe(coming?.key_id)
    expect(publishedBy(again, coming?.key_id ?? '')).toBeUndefined()
    expect(JSON.stringify(publishedKeysOf(again))).not.toContain(coming?.key_id)
    expect(adoptKey(again, use, { nowMs: atMs, overlapMs: hourMs })).toMatchObject({ ok: true })
  })

  test('changes nothing else', () => {
    const { coming_keys: _, ...rest } = next
    const { coming_keys: __, ...before } = secrets
    expect(rest).toEqual(before)
  })
})

describe('from the ticket root of the beginning', () => {
  const root = makeSigner(secrets.ticket_root_key.private_key).publicKey
  const following = (document: StageSecrets, roots: readonly string[]) =>
    keysFollowing(publishedKeysOf(document), roots).map(({ key_id }) => key_id)

  test('three rotations lead to the root and the job key of today', () => {
    const years = [1, 2, 3].map((year) => nowMs + year * 365 * dayMs)
    const last = years.reduce(
      (one, atMs) => rotated(rotated(one, 'job', atMs), 'ticket_root', atMs),
      secrets,
    )
    expect(following(last, [root])).toEqual(
      expect.arrayContaining([last.ticket_root_key.key_id, last.job_key.key_id]),
    )
  })

  test('an announced root and an announced job key are reached as well', () => {
    const both = announced(announced(secrets, 'ticket_root', nowMs), 'job', nowMs)
    const coming = [both.coming_keys.ticket_root?.key_id, both.coming_keys.job?.key_id]
    expect(following(both, [root])).toEqual(expect.arrayContaining(coming))
  })

  test('nothing leads to the keys of a stage that was made anew, whatever it publishes', () => {
    const anew = newStageSecrets('test', { ids, nowMs })
    expect(following(anew, [root])).toEqual([])
    const { keys, successions } = publishedKeysOf(anew)
    const mixed = { stage: 'test', keys: [...keys, ...publishedKeysOf(secrets).keys], successions }
    expect(keysFollowing(mixed, [root])).toMatchObject([{ public_key: root }])
  })
})

describe('a job key that has ended', () => {
  const monthMs = 30 * dayMs
  const ended = rotated(rotated(secrets, 'job', nowMs), 'ticket_root', nowMs + monthMs)
  const follows = (keyId: string, document: StageSecrets) => {
    const published = publishedKeysOf(document)
    // Whoever speaks for ingest takes the ends away, which no signature covers.
    const keys = published.keys.map((key) => ({ ...key, not_after_ms: null }))
    const root = makeSigner(document.ticket_root_key.private_key).publicKey
    return keysFollowing({ ...published, keys }, [root]).some(({ key_id }) => key_id === keyId)
  }

  test('is vouched for by no root that began after its end, whatever end a list tells', () => {
    expect(publishedBy(ended, secrets.job_key.key_id)).toBeDefined()
    expect(follows(secrets.job_key.key_id, ended)).toBe(false)
    expect(follows(ended.job_key.key_id, ended)).toBe(true)
  })

  test('is vouched for until then: somebody who is deployed late may sign with it', () => {
    const overlapping = rotated(rotated(secrets, 'job', nowMs), 'ticket_root', nowMs + 2 * dayMs)
    expect(follows(secrets.job_key.key_id, overlapping)).toBe(true)
  })
})

describe('offline', () => {
  const verifies = (receipt: ReceiptView, document: StageSecrets) =>
    isVerified(verifyReceipt(receipt, PublishedKeys.parse(publishedKeysOf(document))))

  test('receipts of four keys verify by the list of the last, each in its own time', () => {
    const starts = [0, 1, 2, 3].map((year) => nowMs + year * 365 * dayMs)
    const documents = [secrets]
    for (const atMs of starts.slice(1)) {
      documents.push(rotated(documents.at(-1) ?? secrets, 'receipt', atMs))
    }
    const last = documents.at(-1) ?? secrets
    const receipts = documents.map((document, at) =>
      receiptBy(document, (starts[at] ?? 0) + 30 * dayMs),
    )
    expect(receipts.map((receipt) => verifies(receipt, last))).toEqual([true, true, true, true])
    // By the key that retired a year before, although its signature is genuine.
    expect(verifies(receiptBy(documents[0] ?? secrets, (starts[3] ?? 0) + dayMs), last)).toBe(false)
    // Adopted, rolled back, and another one announced in its place: it has signed all the same.
    const coming = announced(secrets, 'receipt', nowMs)
    const adopted = done(adoptKey(coming, 'receipt', { nowMs: nowMs + dayMs, overlapMs: dayMs }))
    const atMs = nowMs + 2 * dayMs
    const again = done(
      announceKey(coming, 'receipt', { ids, nowMs: atMs, waitMs: dayMs, again: true }),
    )
    expect(verifies(receiptBy(adopted, atMs - hourMs), again)).toBe(true)
    expect(verifies(receiptBy(adopted, atMs + hourMs), again)).toBe(false)
    // Whoever keeps an old list cannot judge what came after it.
    expect(receipts.map((receipt) => verifies(receipt, secrets))).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
})

describe('a pepper', () => {
  const coming = done(announcePepper(secrets, { ids }))
  const next = done(adoptPepper(coming))
  const hash = (key: string, document: StageSecrets) => hashKey(key, 'sk-b3iq', peppersOf(document))

  test('is known before any key is made with it', () => {
    const [before, after] = [coming, next].map((one) => makeKey('sk-b3iq', peppersOf(one), ids))
    expect(before).toMatch(/^sk-b3iq-p1-/)
    expect(after).toMatch(/^sk-b3iq-p2-/)
    expect(hash(after ?? '', coming)).toBe(hash(after ?? '', next))
  })

  test('leaves the hashes of older keys as they are', () => {
    const key = makeKey('sk-b3iq', peppersOf(secrets), ids)
    expect(hash(key, next)).toBe(hash(key, secrets))
    expect(hash(key, done(adoptPepper(done(announcePepper(next, { ids })))))).toBe(
      hash(key, secrets),
    )
  })

  test('is announced once and adopted only then', () => {
    expect(announcePepper(coming, { ids })).toMatchObject({ ok: false })
    expect(adoptPepper(secrets)).toMatchObject({ ok: false })
    expect(StageSecrets.safeParse({ ...secrets, pepper_coming: 'p9' }).success).toBe(false)
  })

  test('that is announced again leaves the one before where it is: keys may have been made with it', () => {
    const again = done(announcePepper(coming, { ids, again: true }))
    expect(again).toMatchObject({ pepper_current: 'p1', pepper_coming: 'p3' })
    expect(again.peppers).toMatchObject(coming.peppers)
    const key = makeKey('sk-b3iq', peppersOf(next), ids)
    expect(hash(key, again)).toBe(hash(key, next))
  })
})

describe('a secret that is replaced', () => {
  test.each(['enrolment_secret', 'bootstrap_token'] as const)(
    '%s is another one, and idempotency keys of the day are still known',
    (name) => {
      const once = done(replaceSecret(secrets, name, ids))
      const twice = done(replaceSecret(once, name, ids))
      expect(new Set([secrets[name], once[name], twice[name]]).size).toBe(3)
      expect(claimSecretOf(twice)).toEqual(claimSecretOf(secrets))
    },
  )

  test('claims are not known any more once their own secret is another one', () => {
    const next = done(replaceSecret(secrets, 'claim_secret', ids))
    expect(claimSecretOf(next)).not.toEqual(claimSecretOf(secrets))
    expect({ ...next, claim_secret: undefined }).toEqual({ ...secrets, claim_secret: undefined })
  })
})

describe('the document', () => {
  test('has room for ten yearly rotations of all three keys, and is never longer than the store takes', () => {
    let document = secrets
    let years = 0
    const next = () =>
      uses.reduce<Rotated>(
        (from, use) => {
          if (!from.ok) return from
          const atMs = nowMs + years * 365 * dayMs
          const coming = announceKey(from.secrets, use, { ids, nowMs: atMs, waitMs: 0 })
          return coming.ok ? adoptKey(coming.secrets, use, { nowMs: atMs, overlapMs: 0 }) : coming
        },
        { ok: true, secrets: document },
      )
    for (let taken = next(); taken.ok && years < 100; taken = next()) {
      document = taken.secrets
      years += 1
    }
    expect(years).toBeGreaterThanOrEqual(10)
    expect(Buffer.byteLength(secretsText(document))).toBeLessThanOrEqual(secretsBytesMax)
    expect(next()).toMatchObject({
      ok: false,
      message: expect.stringMatching(/would have \d+ bytes and the parameter store takes 8192/),
    })
  })
})
