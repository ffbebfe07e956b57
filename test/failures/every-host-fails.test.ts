// Three candidates that fail in three ways: one error for the client, the most telling, and no charge.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf } from '../support/chat-client.ts'
import { asksOf } from '../support/gateway-asks.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import {
  answers,
  busy,
  busyWith,
  hangsUp,
  neverAnswers,
  refuses,
  type Script,
  streams,
  unsignedBusy,
} from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const { ask, impatient, wayOf } = asksOf(() => bench)

const unproven = streams(['x'], { proof: 'none' })
const empty = answers({ claim: 'none', end: 'without_done' })

type Case = [string, readonly Script[], { status: number; code: string; attempts: string[] }]
const cases: Case[] = [
  [
    'one too slow among the broken and the busy is a timeout',
    [refuses(500), neverAnswers, busy],
    { status: 504, code: 'upstream_timeout', attempts: ['refused', 'timed_out', 'busy'] },
  ],
  [
    'slow at the last is one too',
    [busy, empty, answers({ end: 'silence' })],
    { status: 504, code: 'upstream_timeout', attempts: ['busy', 'cut', 'timed_out'] },
  ],
  [
    'one broken among the busy is an error',
    [busy, hangsUp, busy],
    { status: 502, code: 'upstream_error', attempts: ['busy', 'connect_failed', 'busy'] },
  ],
  [
    'busy without a signature is no word of a host',
    [busy, busy, unsignedBusy],
    { status: 502, code: 'upstream_error', attempts: ['busy', 'busy', 'refused'] },
  ],
  [
    'broken in three ways is an error',
    [unproven, empty, refuses(503)],
    { status: 502, code: 'upstream_error', attempts: ['no_proof', 'cut', 'refused'] },
  ],
  [
    'busy everywhere is a want of capacity',
    [busy, busy, busy],
    { status: 503, code: 'capacity_exhausted', attempts: ['busy', 'busy', 'busy'] },
  ],
]

describe.each([true, false])('stream: %s', (stream) => {
  test.each(cases)('%s', async (_, scripts, { status, code, attempts }) => {
    const { sale, customer, response } = await ask(scripts, stream, impatient())
    const error = await errorOf(response)
    expect(error).toMatchObject({ status, code, retryable: true, shouldRetry: 'true' })
    expect(await wayOf(customer)).toEqual({
      result: { status: 'failed', finish_reason: null, error: code },
      chargeUsd: '0',
      attempts: sale.hosts.map(({ nodeId }, index) => [nodeId, attempts[index]]),
    })
    expect(await bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
  })
})

describe('busy everywhere: when to ask again follows from how fast the hosts are', () => {
  // By the candidates' facts an answer of 400 tokens takes 6.7 s, and each has one slot.
  test.each([
    ['one host', [busy], '7'],
    ['three hosts', [busy, busy, busy], '3'],
    // What a host says of itself now counts, and not its last beat.
    ['one host that says it has 4 slots', [busyWith(4, 4)], '2'],
    ['one host that says it takes no work', [busyWith(0, 0)], '60'],
  ] as const)('%s', async (_, scripts, seconds) => {
    const { response } = await ask(scripts, false)
    expect(response.headers.get('retry-after')).toBe(seconds)
    const error = await errorOf(response)
    expect(error).toMatchObject({ status: 503, retry_after_seconds: Number(seconds) })
  })
})
