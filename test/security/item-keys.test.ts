// No two things share an item: whatever they are named, other names are other keys.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { adjustmentKey } from '../../src/adapters/dynamodb/items/adjustment-item.ts'
import { changeClaimKey } from '../../src/adapters/dynamodb/items/audit-item.ts'
import { bookKey } from '../../src/adapters/dynamodb/items/book-item.ts'
import { modelKey, priceKey } from '../../src/adapters/dynamodb/items/catalogue-item.ts'
import { earningsKey } from '../../src/adapters/dynamodb/items/earnings-item.ts'
import { enrolmentsKey } from '../../src/adapters/dynamodb/items/enrolments-item.ts'
import { referenceKey as paymentKey } from '../../src/adapters/dynamodb/items/entry-item.ts'
import { hotKey, nodeKey, profileKey } from '../../src/adapters/dynamodb/items/fleet-keys.ts'
import { incidentKey } from '../../src/adapters/dynamodb/items/incident-item.ts'
import {
  jobKey,
  jobReferenceKey,
  openKey,
  placeKey,
  seqKey,
} from '../../src/adapters/dynamodb/items/job-item.ts'
import { joinCodeKey } from '../../src/adapters/dynamodb/items/join-code-item.ts'
import {
  accountKeyKey,
  keyCounterKey,
  keyIdKey,
  keyKey,
} from '../../src/adapters/dynamodb/items/key-item.ts'
import { lateDayKey, ticketKey } from '../../src/adapters/dynamodb/items/late-claim-item.ts'
import {
  operatorIdKey,
  operatorKeyKey,
} from '../../src/adapters/dynamodb/items/operator-key-item.ts'
import { payoutKey } from '../../src/adapters/dynamodb/items/payout-item.ts'
import { headKey, shardKey } from '../../src/adapters/dynamodb/items/pool-item.ts'
import { receiptKey } from '../../src/adapters/dynamodb/items/receipt-item.ts'
import { reputationKey } from '../../src/adapters/dynamodb/items/reputation-item.ts'
import { rolloutKey, rolloutReferenceKey } from '../../src/adapters/dynamodb/items/rollout-item.ts'
import { fromSpendItem, spendKey } from '../../src/adapters/dynamodb/items/spend-item.ts'
import { referenceKey, samplingKey } from '../../src/adapters/dynamodb/items/spot-check-item.ts'
import { walletKey } from '../../src/adapters/dynamodb/items/wallet-item.ts'
import { AccountId, HoldId, IncidentId, KeyId, NodeId } from '../../src/protocol/ids.ts'
import { oddTexts } from './odd-texts.ts'

type Key = { readonly pk: string; readonly sk: string }
const written = ({ pk, sk }: Key) => JSON.stringify([pk, sk])

/** Whatever operators may write, and what they may not. */
const text = fc.oneof(
  fc.constantFrom(...oddTexts),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('seq', 'open', 'active', 'job#1', 'entry#1', 'head', 'shard#0', 'bootstrap'),
)
/** Few, so that two of them often begin alike. */
const plain = fc.stringMatching(/^[a#%]{1,3}$/)
const anyText = fc.oneof(text, plain)

const ulid = fc.stringMatching(/^[01]{26}$/)
const id = (prefix: string) => ulid.map((one) => prefix + one)
const ids = {
  account: id('acct_'),
  key: id('key_'),
  hold: ulid,
  incident: id('inc_'),
  job: id('job_'),
  rollout: id('rollout_'),
  node: fc.stringMatching(/^n_[a2]{26}$/),
  profile: fc.stringMatching(/^a[:/@a]{0,3}$/),
  model: fc.stringMatching(/^a[:/.a]{0,3}$/),
  hash: fc.stringMatching(/^[0-9a-f]{2}$/),
  owner: fc.stringMatching(/^a[@:.a]{0,3}$/),
}
const number = fc.nat(12)
const day = fc.constantFrom('2026-11-21', '2026-11-22')

/** Of every table the functions that make its keys, over all that may be put into them. */
const families: Readonly<Record<string, readonly fc.Arbitrary<readonly [string, Key]>[]>> = {
  balances: [
    of('wallet', ids.account, walletKey),
    of('book', ids.account, bookKey),
    of('payment', anyText, paymentKey),
    of('adjustment', anyText, adjustmentKey),
    of('earnings', ids.node, earningsKey),
    of2('payout', ids.node, day, payoutKey),
    of('ticket', ids.hash, ticketKey),
    of2('late day', ids.owner, day, lateDayKey),
  ],
  keys: [
    of('key', ids.hash, keyKey),
    of('key id', ids.key, keyIdKey),
    of2('key of account', ids.account, ids.key, accountKeyKey),
    of('counter', ids.account, keyCounterKey),
    of('operator', ids.hash, operatorKeyKey),
    of('operator id', ids.key, operatorIdKey),
    of('join code', ids.hash, joinCodeKey),
    of('change', ids.hash, changeClaimKey),
    of2('enrolments', ids.owner, number, (owner, hour) => enrolmentsKey(owner, hour * 3_600_000)),
  ],
  profiles: [
    of('hot', ids.node, hotKey),
    of('node', ids.node, nodeKey),
    of2('profile', ids.node, ids.profile, profileKey),
    of('model', ids.model, modelKey),
    of2('price', ids.model, number, priceKey),
    of('head', anyText, headKey),
    of2('shard', anyText, number, shardKey),
    of('incident', ids.incident, incidentKey),
    of2('job', ids.node, ids.job, (nodeId, jobId) => jobKey({ nodeId, jobId })),
    of('job place', ids.job, placeKey),
    of('job sequence', ids.node, seqKey),
    of('open job', ids.job, openKey),
    of('job reference', anyText, jobReferenceKey),
    of('rollout', ids.rollout, rolloutKey),
    of('rollout reference', anyText, rolloutReferenceKey),
    of('reputation', ids.node, reputationKey),
    of2('sampling', ids.node, ids.profile, samplingKey),
    of2('reference', ids.profile, anyText, (profileId, runtimeVersion) =>
      referenceKey({ profileId, runtimeKind: 'vllm', runtimeVersion }),
    ),
  ],
  receipts: [of2('receipt', ids.account, ids.hold, receiptKey)],
}

function of<A>(what: string, one: fc.Arbitrary<A>, keyOf: (one: A) => Key) {
  return one.map((value) => [JSON.stringify([what, value]), keyOf(value)] as const)
}
function of2<A, B>(
  what: string,
  one: fc.Arbitrary<A>,
  other: fc.Arbitrary<B>,
  keyOf: (one: A, other: B) => Key,
) {
  return fc
    .tuple(one, other)
    .map((values) => [JSON.stringify([what, ...values]), keyOf(...values)] as const)
}

describe('two things of one table', () => {
  test.each(Object.entries(families))('%s have two keys', (_, family) => {
    fc.assert(
      fc.property(fc.array(fc.oneof(...family), { minLength: 2, maxLength: 40 }), (made) => {
        const names = new Map<string, string>()
        for (const [name, key] of made) {
          expect([written(key), names.get(written(key)) ?? name]).toEqual([written(key), name])
          names.set(written(key), name)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('of spend are told apart by their value, and it can be read back', () => {
    fc.assert(
      fc.property(anyText, anyText, day, (one, other, on) => {
        const keyOf = (value: string) => {
          const row = { dimension: 'tag', value, day: on, newestMs: 0 } as const
          return spendKey({ ...row, spend: noSpend }, 0)
        }
        expect(written(keyOf(one)) === written(keyOf(other))).toBe(one === other)
        const item = { ...keyOf(one), newestMs: '0' }
        expect(fromSpendItem('tag', item)).toMatchObject({ value: one, day: on })
      }),
      { numRuns: 200 },
    )
  })
})

test('texts that look alike, or become each other when they are escaped, have keys of their own', () => {
  const spendOf = (value: string) =>
    spendKey({ dimension: 'tag', value, day: '2026-11-21', spend: noSpend, newestMs: 0 }, 0)
  const byText = [paymentKey, adjustmentKey, headKey, jobReferenceKey, rolloutReferenceKey, spendOf]
  for (const keyOf of byText) {
    expect(new Set(oddTexts.map((one) => written(keyOf(one)))).size).toBe(oddTexts.length)
  }
})

const noSpend = {
  requests: 0n,
  completed: 0n,
  partial: 0n,
  failed: 0n,
  expired: 0n,
  promptTokens: 0n,
  cachedPromptTokens: 0n,
  completionTokens: 0n,
  units: 0n,
  charge: 0n,
  hostShare: 0n,
  fee: 0n,
}

test.each(Object.entries({ AccountId, HoldId, IncidentId, KeyId, NodeId }))(
  '%s is nothing that a key could be broken with',
  (_, shape) => {
    const ulidOf = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
    for (const odd of oddTexts) {
      for (const value of [odd, `acct_${odd}`, ulidOf + odd, odd + ulidOf, `${ulidOf}\n`]) {
        expect([value, shape.safeParse(value).success]).toEqual([value, false])
      }
    }
  },
)
