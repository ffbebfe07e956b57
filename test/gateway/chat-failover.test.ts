import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sleep } from '../../src/adapters/system.ts'
import type { GatewayDeps } from '../../src/gateway/deps.ts'
import { askChat, completionOf, errorOf, streamOf } from '../support/chat-client.ts'
import { asksOf } from '../support/gateway-asks.ts'
import { type GatewayBench, type Sale, startGatewayBench } from '../support/gateway-bench.ts'
import {
  answers,
  busy,
  drip,
  finishes,
  hangsUp,
  neverAnswers,
  refuses,
  type Script,
  says,
  streams,
  unsignedBusy,
} from '../support/host-answers.ts'
import { sleepShortened } from '../support/sleep-shortened.ts'

let bench: GatewayBench

beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const { ask, impatient, wayOf } = asksOf(() => bench)

const nodeIds = ({ hosts }: Sale) => hosts.map(({ nodeId }) => nodeId)

const callsNobody = {
  choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: ' ' } }] } }],
}

/** How a host can fail before content, and the name of it in the receipt. */
const failures: [string, Script, string][] = [
  ['is busy', busy, 'busy'],
  ['says busy without signing it', unsignedBusy, 'refused'],
  ['has another route', refuses(409), 'stale_route'],
  ['fails', refuses(500), 'refused'],
  ['redirects', refuses(302, { location: 'http://127.0.0.1:1/' }), 'refused'],
  ['gives no proof', streams(['unproven'], { proof: 'none' }), 'no_proof'],
  ['proves to be someone else', streams(['unproven'], { proof: 'of_a_stranger' }), 'no_proof'],
  ['hangs up', hangsUp, 'connect_failed'],
  ['never answers', neverAnswers, 'timed_out'],
  ['is silent after its headers', answers({ end: 'silence' }), 'timed_out'],
  [
    'says nothing of substance, again and again',
    answers({ frames: drip({ choices: [{ index: 0, delta: { role: 'assistant' } }] }, 20) }),
    'timed_out',
  ],
  [
    'fills choices that nobody asked for',
    answers({ frames: drip({ choices: [{ index: 1, delta: { content: 'a' } }] }, 20) }),
    'timed_out',
  ],
  ['calls a tool whose name never comes', answers({ frames: drip(callsNobody, 20) }), 'timed_out'],
  ['is cut before content', answers({ end: 'cut' }), 'cut'],
  ['ends without content', answers({ claim: 'none' }), 'cut'],
  [
    'reports an error',
    answers({ frames: [{ error: { message: 'out of memory' } }] }),
    'host_error',
  ],
  [
    'sends what nobody can read',
    answers({ frames: Array.from({ length: 9 }, () => 'data: {"choices":\n\n') }),
    'host_error',
  ],
]

describe('before first content the next host takes over, unseen', () => {
  test.each(failures)('when a host %s', async (_, script, outcome) => {
    const { sale, customer, response } = await ask([script, streams(['Hello'])], true, impatient())
    const reply = await streamOf(response)
    expect(reply).toMatchObject({ text: 'Hello', isDone: true })
    expect(reply.last.b3iq).toMatchObject({ retries: 1 })
    expect(response.headers.get('x-b3iq-retries')).toBe('1')
    const [first, second] = nodeIds(sale)
    expect((await wayOf(customer)).attempts).toEqual([
      [first, outcome],
      [second, 'served'],
    ])
  })

  test('twice, for the whole answer too, and only the host that served is paid', async () => {
    const scripts = [busy, answers({ end: 'cut' }), streams(['Hello'])]
    const { sale, customer, response } = await ask(scripts, false)
    const { choices, b3iq } = await completionOf(response)
    expect(choices[0]?.message.content).toBe('Hello')
    const [first, second, third] = nodeIds(sale)
    expect(await wayOf(customer)).toMatchObject({
      result: { status: 'completed' },
      chargeUsd: b3iq.cost_usd,
      attempts: [
        [first, 'busy'],
        [second, 'cut'],
        [third, 'served'],
      ],
    })
    expect(sale.hosts.map(({ dispatches }) => dispatches[0]?.ticket.attempt)).toEqual([1, 2, 3])
  })

  test('after three hosts nobody else is asked', async () => {
    const { sale, response } = await ask([busy, busy, busy, streams(['Hello'])], false)
    expect(await errorOf(response)).toMatchObject({ code: 'capacity_exhausted' })
    expect(sale.hosts.map(({ dispatches }) => dispatches.length)).toEqual([1, 1, 1, 0])
  })
})

test('a host that began in time has as long again between any two texts', async () => {
  async function* slowly() {
    for (const text of ['a', 'b', 'c', 'd']) {
      yield says(text)
      await sleep(100)
    }
    yield finishes()
  }
  const { response } = await ask([answers({ frames: slowly() })], true, impatient())
  expect(await streamOf(response)).toMatchObject({ text: 'abcd', isDone: true })
})

describe('when every host fails, the reply says how and nothing is charged', () => {
  const cases: [string, Script, number, string][] = [
    ['busy', busy, 503, 'capacity_exhausted'],
    ['failing', refuses(500), 502, 'upstream_error'],
    ['silent', neverAnswers, 504, 'upstream_timeout'],
  ]
  describe.each([true, false])('stream: %s', (stream) => {
    test.each(cases)('all %s', async (_, script, status, code) => {
      const { customer, response } = await ask([script, script], stream, impatient())
      const error = await errorOf(response)
      expect(error).toMatchObject({ status, code, retryable: true, shouldRetry: 'true' })
      expect(await wayOf(customer)).toMatchObject({
        result: { status: 'failed', finish_reason: null, error: code },
        chargeUsd: '0',
      })
      expect(await bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
    })
  })

  test('one timeout among failures is what the customer hears of', async () => {
    const { response } = await ask([refuses(500), neverAnswers], false, impatient())
    expect(await errorOf(response)).toMatchObject({ status: 504, code: 'upstream_timeout' })
  })

  test('the error names the receipt of the attempt', async () => {
    const { response } = await ask([refuses(500)], false)
    const { receipt_hash } = await errorOf(response)
    const receipt = await bench.appOf().request(`/v1/receipts/${receipt_hash}`)
    expect(receipt.status).toBe(200)
  })

  test('a failed stream leaves no timer behind', async () => {
    let sleeping = 0
    const { sleep } = bench.deps
    const counted: GatewayDeps['sleep'] = async (durationMs, signal) => {
      sleeping += 1
      await sleep(durationMs, signal)
      sleeping -= 1
    }
    const { response } = await ask([refuses(500)], true, { sleep: counted })
    await response.text()
    await sleep(10)
    expect(sleeping).toBe(0)
  })
})

describe('once a ping is out', () => {
  const pingSoon = () => ({ ...impatient(), sleep: sleepShortened({ 5000: 20, 30000: 250 }) })

  test('another host may still take over', async () => {
    const scripts = [answers({ end: 'silence' }), streams(['Hello'])]
    const waitsMs: number[] = []
    const { sleep, ...changes } = pingSoon()
    const recorded: typeof sleep = (durationMs, signal) => {
      waitsMs.push(durationMs)
      return sleep(durationMs, signal)
    }
    const { response } = await ask(scripts, true, { ...changes, sleep: recorded })
    expect(response.headers.get('x-b3iq-retries')).toBeNull()
    const reply = await streamOf(response)
    expect(reply.pings).toBe(1)
    expect(reply.frames[0]).toBe(': ping')
    // 5 s until the headers must go, the ping at once behind them, the next 10 s later.
    expect(waitsMs.filter((durationMs) => [0, 5_000, 10_000].includes(durationMs))).toEqual(
      expect.arrayContaining([5_000, 0, 10_000]),
    )
    expect(reply).toMatchObject({ text: 'Hello', isDone: true, last: { b3iq: { retries: 1 } } })
  })

  test('a failure comes as one chunk with the status it would have had', async () => {
    const { response, customer } = await ask([answers({ end: 'silence' })], true, pingSoon())
    expect(response.status).toBe(200)
    const { chunks, isDone } = await streamOf(response)
    expect(isDone).toBe(false)
    expect(chunks).toHaveLength(1)
    expect(chunks[0]).toMatchObject({
      choices: [{ finish_reason: 'error' }],
      error: { code: 'upstream_timeout', status: 504, retryable: true },
      b3iq: { cost_usd: '0' },
    })
    expect(await bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
  })
})

describe('a host that the hot item speaks against', () => {
  const longAgoMs = () => Date.now() - 61_000

  test('is passed over, however fresh the pool', async () => {
    const sale = await bench.sale([streams(['first']), streams(['second'])])
    const [first] = nodeIds(sale)
    await bench.beat(first ?? '', { seq: Date.now() + 60_000, beatAtMs: longAgoMs() })
    const customer = await bench.customer()
    const { choices, b3iq } = await completionOf(
      await askChat(bench.appOf(), customer, { model: sale.model.id }),
    )
    expect(choices[0]?.message.content).toBe('second')
    expect(b3iq.retries).toBe(0)
    expect(sale.host.dispatches).toEqual([])
  })

  test('leaves no host, and the reply tells why', async () => {
    const sale = await bench.sale([streams(['first'])])
    const next = { seq: Date.now() + 60_000 }
    await bench.beat(sale.host.nodeId, { ...next, beatAtMs: longAgoMs() })
    const customer = await bench.customer()
    const response = await askChat(bench.appOf(), customer, { model: sale.model.id })
    expect(response.headers.get('retry-after')).toBe('15')
    expect(await errorOf(response)).toMatchObject({
      status: 503,
      code: 'no_eligible_host',
      shouldRetry: 'true',
      availability: { code: 'no_eligible_host', excluded_by: ['heartbeat_stale'] },
    })
    expect(await bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
  })

  test('is not dialled when its hot item cannot be read', async () => {
    const sale = await bench.sale([streams(['first'])])
    const customer = await bench.customer()
    const readHotItems = () => Promise.reject(new Error('no reply'))
    const fleet = { ...bench.fleet, readHotItems }
    const response = await askChat(bench.appOf({ fleet }), customer, { model: sale.model.id })
    expect(await errorOf(response)).toMatchObject({ status: 503, code: 'no_eligible_host' })
    expect(sale.host.dispatches).toEqual([])
  })
})
