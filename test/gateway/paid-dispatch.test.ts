// A benchmark's request that the platform pays for: what the host is paid, and what happens without money.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { payWhileItLasts } from '../../src/benchmark/dispatch.ts'
import { type Dispatch, exchange, type Target } from '../../src/benchmark/exchange.ts'
import { findPaidDispatch } from '../../src/gateway/paid-dispatch.ts'
import { parseUsd } from '../../src/money/nano-usd.ts'
import { aBeat } from '../adapters/dynamodb/facts.ts'
import {
  type Customer,
  type GatewayBench,
  type Sale,
  startGatewayBench,
} from '../support/gateway-bench.ts'
import { answers, busy, type Script, says, streams } from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const unpaid: Dispatch = async () => ({ kind: 'failed', reason: 'connect_failed' })

async function paidBy(platform: Customer | undefined): Promise<Dispatch | undefined> {
  const readPlatformAccount = async () => platform?.key.accountId
  return findPaidDispatch({ ...bench.deps, keys: bench.keys, readPlatformAccount })
}

async function sale(script: Script) {
  const sold = await bench.sale([script])
  return { ...sold, target: targetOf(sold), host: sold.host }
}

function targetOf({ model, candidates }: Sale): Target {
  const [candidate] = candidates
  const [manifest] = model.profiles
  if (!candidate || !manifest) throw new Error('the sale has a host and a build')
  return { candidate, manifest, model: { ...model, version: 1 } }
}

const ask = (dispatch: Dispatch, target: Target, cut?: AbortController) =>
  exchange({ dispatch, nowMs: bench.deps.nowMs }, target, {
    request: { model: target.model.id, messages: [{ role: 'user', content: 'Hello' }] },
    maxTokens: 64,
    signal: cut?.signal ?? new AbortController().signal,
    onFirstContent: () => cut?.abort(),
  })

describe('a benchmark’s request', () => {
  test('is an ordinary one to its host, which earns its share', async () => {
    const platform = await bench.customer()
    const { target, host } = await sale(streams(['Hello', ' world']))
    const paid = await paidBy(platform)
    if (!paid) throw new Error('the platform can pay')
    const answer = await ask(paid, target)
    expect(answer).toMatchObject({ kind: 'answered', text: 'Hello world', frames: 2 })
    expect(host.lastDispatch().ticket).toMatchObject({ max_tokens: 64, n: 1 })
    const { body, private: own } = await bench.onlyReceipt(platform)
    expect(body.result.status).toBe('completed')
    expect(parseUsd(body.charge.host_share_usd)).toBeGreaterThan(0n)
    expect(own.attempts).toMatchObject([{ node_id: host.nodeId, outcome: 'served' }])
    expect((await bench.wallet(platform)).held).toBe(0n)
  })

  test('that is cut at its first content is paid for as far as it came', async () => {
    const platform = await bench.customer()
    const { target } = await sale(answers({ frames: [says('Hello')], end: 'silence' }))
    const paid = await paidBy(platform)
    if (!paid) throw new Error('the platform can pay')
    const outcome = await ask(paid, target, new AbortController())
    expect(outcome).toMatchObject({ kind: 'failed', firstContentMs: expect.any(Number) })
    const { body } = await bench.onlyReceipt(platform)
    expect(body.result.status).toBe('partial')
    expect((await bench.wallet(platform)).held).toBe(0n)
  })

  test('to a host that is busy costs nothing, and says so', async () => {
    const platform = await bench.customer()
    const { target } = await sale(busy)
    const paid = await paidBy(platform)
    if (!paid) throw new Error('the platform can pay')
    expect(await ask(paid, target)).toMatchObject({ kind: 'failed', reason: 'busy' })
    expect((await bench.onlyReceipt(platform)).body.charge.charge_usd).toBe('0')
  })

  test('is not sent to a host that may not serve, nor sent for nothing', async () => {
    const platform = await bench.customer()
    const { target, host } = await sale(streams(['Hello']))
    const atMs = Date.now() + 1
    const beat = aBeat(host.nodeId, { seq: atMs, beatAtMs: atMs, state: 'draining' })
    await bench.fleet.recordBeat(beat)
    const paid = await paidBy(platform)
    if (!paid) throw new Error('the platform can pay')
    const { dispatch, isPaid } = payWhileItLasts(paid, unpaid)
    expect(await ask(dispatch, target)).toMatchObject({ kind: 'failed', reason: 'refused' })
    expect(isPaid()).toBe(true)
    expect(host.dispatches).toEqual([])
  })
})

describe('without money', () => {
  test.each([
    ['no account is named', async () => undefined],
    ['its key is revoked', () => bench.customer({ key: { status: 'revoked' } })],
    ['its key may not ask', () => bench.customer({ key: { scopes: ['billing:read'] } })],
  ])('nobody pays: %s', async (_, platform) => {
    expect(await paidBy(await platform())).toBeUndefined()
  })

  test('in the account, the rest of the run is made unpaid, and known to be', async () => {
    const platform = await bench.customer({ balanceUsd: '0' })
    const { target, host } = await sale(streams(['Hello']))
    let unpaidAsked = 0
    const { dispatch, isPaid } = payWhileItLasts(await paidBy(platform), async (...order) => {
      unpaidAsked += 1
      return unpaid(...order)
    })
    expect(isPaid()).toBe(true)
    expect(await ask(dispatch, target)).toMatchObject({ reason: 'connect_failed' })
    await ask(dispatch, target)
    expect({ isPaid: isPaid(), unpaidAsked }).toEqual({ isPaid: false, unpaidAsked: 2 })
    expect(host.dispatches).toEqual([])
  })
})
