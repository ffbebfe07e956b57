import { describe, expect, test } from 'vitest'
import type { Decision } from '../../src/ledger/ports.ts'
import { seenIn } from '../../src/reputation/events-of.ts'
import { genuineReceipt } from '../support/genuine-receipt.ts'

const base = genuineReceipt()
const [node, other] = ['n_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'n_bbbbbbbbbbbbbbbbbbbbbbbbbb']

type Ending = {
  readonly outcomes?: readonly (readonly [nodeId: string, outcome: string])[]
  readonly result?: Partial<Decision['receipt']['body']['result']>
  readonly served?: Partial<NonNullable<Decision['receipt']['body']['served']>>
  readonly tokens?: number
  /** Images or seconds, which have no tokens. */
  readonly units?: number
  readonly inflated?: boolean
  readonly charge?: bigint
}

function decided(ending: Ending = {}): Decision {
  const { outcomes = [[node, 'served']], tokens = 2000, inflated = false } = ending
  const { served } = base.body
  if (!served) throw new Error('a genuine receipt was served')
  const { units } = ending
  const prompt = units === undefined ? tokens : 0
  const counted = { prompt, cached_prompt: 0, completion: 0, ...(units ? { units } : {}) }
  return {
    accountId: 'acct_1',
    holdId: 'hold-1',
    nonce: 'nonce',
    charge: ending.charge ?? 100n,
    receipt: {
      ...base,
      body: {
        ...base.body,
        result: { status: 'completed', finish_reason: 'stop', error: null, ...ending.result },
        served: { ...served, usage: { ...served.usage, counted, inflated }, ...ending.served },
      },
      private: {
        ...base.private,
        attempts: outcomes.map(([node_id, outcome]) => ({
          node_id,
          outcome,
          ticket_hash: 'a'.repeat(64),
        })),
      },
    },
  }
}

const reasonsOf = (ending: Ending, nodeId = node) =>
  seenIn({ decisions: [decided(ending)], ownNodes: new Set() })
    .get(nodeId)
    ?.events.map(({ reason }) => reason) ?? []

test('a request that a host rejected says nothing of it: another may take what it cannot', () => {
  expect(reasonsOf({ outcomes: [[node, 'rejected']] })).toEqual([])
  const elsewhere = { outcomes: [[node, 'rejected'] as const, [other, 'served'] as const] }
  expect(reasonsOf(elsewhere)).toEqual([])
})

describe('a request that a host served', () => {
  test.each<[string, Ending, string[]]>([
    ['to its end, with an honest claim', {}, ['served', 'claim_agreed']],
    ['but claimed too much for', { inflated: true }, ['served', 'inflated_usage']],
    ['without a valid claim', { served: { node_receipt_hash: null } }, ['served', 'claim_missing']],
    ['and broke off', { result: { status: 'partial', error: 'upstream_error' } }, ['broke_off']],
    [
      'and fell silent',
      { result: { status: 'partial', error: 'upstream_timeout' } },
      ['broke_off'],
    ],
    ['until its customer left', { result: { status: 'partial', error: 'client_gone' } }, []],
    ['until the deadline', { result: { status: 'partial', error: 'deadline' } }, []],
  ])('%s', (_, ending, reasons) => {
    expect(reasonsOf(ending)).toEqual(reasons)
  })

  test('by the image or the second weighs something, and more of them more', () => {
    const weightOf = (units: number) =>
      seenIn({ decisions: [decided({ units })], ownNodes: new Set() }).get(node)?.events[0]?.weight
    expect(weightOf(1)).toBeGreaterThan(0.4)
    expect(weightOf(8)).toBeGreaterThan(weightOf(1) ?? 1)
    expect(weightOf(3_600)).toBe(1)
  })

  test('weighs the more, the longer it was, up to 2,000 tokens', () => {
    const weights = [0, 50, 2000, 50_000].map((tokens) => {
      const seen = seenIn({ decisions: [decided({ tokens })], ownNodes: new Set() })
      return seen.get(node)?.events[0]?.weight ?? -1
    })
    expect(weights[0]).toBe(0)
    expect(weights[1]).toBeCloseTo(0.517, 2)
    expect(weights.slice(2)).toEqual([1, 1])
  })

  test('counts as paid work when it cost something', () => {
    const seen = (charge: bigint) =>
      seenIn({ decisions: [decided({ charge })], ownNodes: new Set() }).get(node)?.paidRequests
    expect([seen(1n), seen(0n)]).toEqual([1, 0])
  })
})

describe('an attempt before that', () => {
  const attempted = (outcome: string) =>
    reasonsOf(
      {
        outcomes: [
          [other, outcome],
          [node, 'served'],
        ],
      },
      other,
    )

  test.each(['refused', 'no_proof', 'connect_failed', 'timed_out', 'cut', 'host_error'])(
    'that ended with %s counts against its host',
    (outcome) => {
      expect(attempted(outcome)).toEqual([outcome])
    },
  )

  test.each(['busy', 'aborted', 'stale_route'])('that ended with %s says nothing', (outcome) => {
    expect(attempted(outcome)).toEqual([])
  })
})

test('what an owner pays to itself is no evidence', () => {
  expect(seenIn({ decisions: [decided()], ownNodes: new Set([node]) }).size).toBe(0)
})

test('alike events of a page become one, with their number and their weight', () => {
  const decisions = [decided(), decided(), decided({ inflated: true })]
  const events = seenIn({ decisions, ownNodes: new Set() }).get(node)?.events
  expect(events?.map(({ reason, count, weight }) => [reason, count, weight])).toEqual([
    ['served', 3, 3],
    ['claim_agreed', 2, 2],
    ['inflated_usage', 1, 1],
  ])
})
