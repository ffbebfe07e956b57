/** What is counted of paid requests by how they end: each once, and before the last byte of its reply. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { sleep } from '../../src/adapters/system.ts'
import { counted } from '../../src/gateway/count-request.ts'
import type { Settlement } from '../../src/gateway/settle-request.ts'
import { formFailed } from '../../src/gateway/stop.ts'
import type { RequestCount } from '../../src/metering/request-count.ts'
import type { Sleep } from '../../src/protocol/clock.ts'
import { askChat, chatPath, chatRequest } from '../support/chat-client.ts'
import { asksOf } from '../support/gateway-asks.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import {
  answers,
  busy,
  drip,
  hangsUp,
  refuses,
  rejects,
  says,
  streams,
} from '../support/host-answers.ts'
import { finished, settled } from '../support/settled-request.ts'

let bench: GatewayBench
let before = 0

beforeAll(async () => {
  bench = await startGatewayBench()
})
beforeEach(() => {
  before = bench.requestCounts().length
})
afterAll(() => bench.stop())

const { ask } = asksOf(() => bench)

/** Of this test's requests, by the time that their replies were read. */
const counts = (): readonly RequestCount[] => bench.requestCounts().slice(before)

const dripping = () => answers({ frames: drip(says('word '), 20) })

const untouched = {
  requestId: expect.stringMatching(/^[0-9A-Z]{26}$/),
  code: undefined,
  isSlow: false,
  firstContentMs: undefined,
  attemptsFailed: 0,
  charge: undefined,
  isDecisionUnknown: false,
}

describe.each([true, false])('with stream %s', (stream) => {
  test('an answered request counts with its first content and its charge', async () => {
    const { response, customer } = await ask([streams(['Hello'])], stream)
    await response.text()
    const { spent } = await bench.wallet(customer)
    expect(spent).toBeGreaterThan(0n)
    expect(counts()).toEqual([
      { ...untouched, ending: 'answered', firstContentMs: expect.any(Number), charge: spent },
    ])
  })

  test('later than the objective allows, it counts as slow too', async () => {
    const { response } = await ask([streams(['Hello'])], stream, { slowAfterMs: -1 })
    await response.text()
    expect(counts()).toMatchObject([{ ending: 'answered', isSlow: true }])
  })

  test('hosts in vain are counted beside the answer of the next', async () => {
    const { response } = await ask([hangsUp, refuses(500), streams(['Hello'])], stream)
    await response.text()
    expect(counts()).toMatchObject([{ ending: 'answered', attemptsFailed: 2 }])
  })

  test('hosts that are full, or cannot do what was asked, have not failed', async () => {
    const { response } = await ask([busy, rejects, streams(['Hello'])], stream)
    await response.text()
    expect(counts()).toMatchObject([{ ending: 'answered', attemptsFailed: 0 }])
  })

  test('what our deadline cut off has failed, though its reply ended well', async () => {
    const { response } = await ask([dripping()], stream, { deadlineMs: 500 })
    expect(response.status).toBe(200)
    await response.text()
    expect(counts()).toMatchObject([
      { ending: 'failed', code: 'upstream_timeout', charge: expect.any(BigInt) },
    ])
  })

  test('a client that goes away was failed by nobody', async () => {
    const { model, host } = await bench.sale([dripping()])
    const url = await bench.listen(bench.appOf())
    const gone = new AbortController()
    const asked = host.nextDispatch()
    const customer = await bench.customer()
    const request = chatRequest(customer, { model: model.id, stream })
    const reply = fetch(`${url}${chatPath}`, { ...request, signal: gone.signal })
    await asked
    if (stream) await (await reply).body?.getReader().read()
    gone.abort()
    await reply.catch(() => undefined)
    await bench.onlyReceipt(customer)
    await vi.waitFor(() =>
      expect(counts()).toMatchObject([{ ending: 'refused', code: 'client_gone' }]),
    )
  })

  test('a settlement that throws has left its decision unknown too', async () => {
    const { store } = bench.deps
    const decide = async () => Promise.reject(new TypeError('a bug'))
    const script = [hangsUp, streams(['Hello'])]
    const { response } = await ask(script, stream, { store: { ...store, decide } })
    await response.text()
    expect(counts()).toMatchObject([
      { ending: 'failed', code: 'internal_error', attemptsFailed: 1, isDecisionUnknown: true },
    ])
  })

  test('where no host answers, it has failed', async () => {
    const { response } = await ask([hangsUp], stream)
    expect(response.status).toBe(502)
    expect(counts()).toEqual([
      { ...untouched, ending: 'failed', code: 'upstream_error', attemptsFailed: 1, charge: 0n },
    ])
  })

  test('without a host there is nothing to settle, and it has failed', async () => {
    const { response } = await ask([], stream)
    expect(response.status).toBe(503)
    expect(counts()).toMatchObject([{ ending: 'failed', attemptsFailed: 0 }])
  })

  test('an empty balance is refused', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer({ balanceUsd: '0' })
    const response = await askChat(bench.appOf(), customer, { model: model.id, stream })
    expect(response.status).toBe(402)
    expect(counts()).toEqual([{ ...untouched, ending: 'refused', code: 'insufficient_balance' }])
  })

  test('what cannot be settled has failed, and its decision is unknown', async () => {
    const { store } = bench.deps
    const decide = async () => ({ kind: 'unknown' }) as const
    // Between the tries of a write it waits seconds in all.
    const wait: Sleep = (durationMs, signal) => sleep(durationMs < 3_000 ? 1 : durationMs, signal)
    const changes = { store: { ...store, decide }, sleep: wait }
    const { response } = await ask([streams(['Hello'])], stream, changes)
    await response.text()
    expect(counts()).toMatchObject([{ ending: 'failed', isDecisionUnknown: true }])
  })
})

test('a stream that breaks off has failed, whatever its status said', async () => {
  const { response } = await ask([answers({ frames: [says('Hel')], end: 'cut' })], true)
  expect(response.status).toBe(200)
  await response.text()
  expect(counts()).toMatchObject([{ ending: 'failed', attemptsFailed: 0, isSlow: false }])
})

test('a body that cannot be read is refused', async () => {
  const response = await askChat(bench.appOf(), await bench.customer(), '{')
  expect(response.status).toBe(400)
  expect(counts()).toEqual([{ ...untouched, ending: 'refused', code: 'invalid_json' }])
})

test('a model that is not on sale is refused', async () => {
  const response = await askChat(bench.appOf(), await bench.customer(), { model: 'no/such' })
  expect(response.status).toBe(404)
  expect(counts()).toEqual([{ ...untouched, ending: 'refused', code: 'model_not_found' }])
})

test('who names no key is not counted', async () => {
  const response = await askChat(bench.appOf(), { token: 'sk-b3iq-none' }, { model: 'no/such' })
  expect(response.status).toBe(401)
  expect(counts()).toEqual([])
})

test('keys that cannot be read fail every request', async () => {
  const keys = async () => {
    throw new Error('no table')
  }
  const response = await askChat(bench.appOf({ keys }), await bench.customer(), {
    model: 'no/such',
  })
  expect(response.status).toBe(503)
  expect(counts()).toEqual([{ ...untouched, ending: 'failed', code: 'ledger_unavailable' }])
})

test('a fault of ours fails the request, and is counted once', async () => {
  const { model } = await bench.sale([streams(['Hello'])])
  const shards = async () => Promise.reject(new TypeError('a bug'))
  const random = () => {
    throw new TypeError('a bug')
  }
  for (const changes of [{ shards }, { random }]) {
    const app = bench.appOf(changes)
    await (await askChat(app, await bench.customer(), { model: model.id })).text()
  }
  expect(counts().map(({ ending }) => ending)).toEqual(['failed', 'failed'])
})

describe('an answer that stopped', () => {
  const settlement = (error: string): Settlement => ({
    attempts: [],
    firstContentAtMs: 2_000,
    result: { status: 'partial', finish_reason: null, error },
    settled,
  })
  /** By `error`, for whoever asked for `deadlineMs` where everybody gets 300 s. */
  const countedAs = async (error: string, order: { deadlineMs?: number; why?: symbol } = {}) => {
    const told: RequestCount[] = []
    const deps = {
      countRequest: (count: RequestCount) => void told.push(count),
      slowAfterMs: 5_000,
      deadlineMs: 840_000,
    }
    const { deadlineMs = 300_000, why } = order
    const work = { path: chatPath } as const
    const clientGone = AbortSignal.abort(why)
    const asked = { holdId: 'REQ', startedAtMs: 1_000, deadlineMs, clientGone, work }
    for await (const { kind } of counted(deps, asked, async function* ({ onSettled }) {
      onSettled?.(settlement(error))
      yield finished([0, 'length'])
    }))
      expect(kind).toBe('finished')
    return told.map(({ ending, code }) => [ending, code])
  }

  test('because its form could not show it has failed by us, and not by its client', async () => {
    expect(await countedAs('client_gone', { why: formFailed })).toEqual([
      ['failed', 'internal_error'],
    ])
    expect(await countedAs('client_gone')).toEqual([['refused', 'client_gone']])
  })

  test('at a deadline that its customer made shorter is the answer', async () => {
    expect(await countedAs('deadline')).toEqual([['failed', 'upstream_timeout']])
    expect(await countedAs('deadline', { deadlineMs: 600_000 })).toEqual([
      ['failed', 'upstream_timeout'],
    ])
    expect(await countedAs('deadline', { deadlineMs: 20_000 })).toEqual([['answered', undefined]])
  })

  test('because its customer cancelled it is the answer', async () => {
    expect(await countedAs('cancelled')).toEqual([['answered', undefined]])
  })
})
