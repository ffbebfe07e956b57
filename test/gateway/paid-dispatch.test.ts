// A benchmark's request that the platform pays for: what the host is paid, and what happens without money.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { payWherePossible } from '../../src/benchmark/dispatch.ts'
import { type Dispatch, exchange, type Target } from '../../src/benchmark/exchange.ts'
import { findPaidDispatch } from '../../src/gateway/paid-dispatch.ts'
import type { KeyStore } from '../../src/keys/api-key.ts'
import { credit } from '../../src/ledger/credit.ts'
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

async function paidBy(
  platform: Customer | undefined,
  keys: Pick<KeyStore, 'listKeys'> = bench.keys,
): Promise<Dispatch | undefined> {
  const readPlatformAccount = async () => platform?.key.accountId
  return findPaidDispatch({ ...bench.deps, keys, readPlatformAccount })
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

const ask = (
  dispatch: Dispatch,
  target: Target,
  when: { readonly signal?: AbortSignal; readonly onFirstContent?: () => void } = {},
) =>
  exchange({ dispatch, nowMs: bench.deps.nowMs }, target, {
    request: { model: target.model.id, messages: [{ role: 'user', content: 'Hello' }] },
    maxTokens: 64,
    signal: new AbortController().signal,
    ...when,
  })

const fund = ({ key: { accountId } }: Customer) =>
  credit(
    { ...bench.deps, journal: bench.journal },
    { accountId, kind: 'top_up', amount: 10n ** 10n, reference: `late ${accountId}`, by: 'test' },
  )

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
    const cut = new AbortController()
    const when = { signal: cut.signal, onFirstContent: () => cut.abort() }
    const outcome = await ask(paid, target, when)
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
    const { dispatch, isPaid } = payWherePossible(paid, unpaid)
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

  /** Paid where the platform can, and how often it was not. */
  async function asking(platform: Customer, keys?: Pick<KeyStore, 'listKeys'>) {
    let unpaidAsked = 0
    const { dispatch, isPaid } = payWherePossible(
      await paidBy(platform, keys),
      async (...order) => {
        unpaidAsked += 1
        return unpaid(...order)
      },
    )
    return { dispatch, isPaid, unpaidAsked: () => unpaidAsked }
  }

  test('in the account, the rest of the run is made unpaid, and known to be', async () => {
    const platform = await bench.customer({ balanceUsd: '0' })
    const { target, host } = await sale(streams(['Hello']))
    const { dispatch, isPaid, unpaidAsked } = await asking(platform)
    expect(isPaid()).toBe(true)
    expect(await ask(dispatch, target)).toMatchObject({ reason: 'connect_failed' })
    await fund(platform)
    await ask(dispatch, target)
    expect({ isPaid: isPaid(), unpaidAsked: unpaidAsked() }).toEqual({
      isPaid: false,
      unpaidAsked: 2,
    })
    expect(host.dispatches).toEqual([])
  })

  test('for the moment, that one request is unpaid, and the next is paid again', async () => {
    const platform = await bench.customer({ key: { concurrency: 1 } })
    const { target: slow } = await sale(answers({ frames: [says('Hello')], end: 'silence' }))
    const { target, host } = await sale(streams(['Hello']))
    const { dispatch, isPaid, unpaidAsked } = await asking(platform)
    const cut = new AbortController()
    const begun = Promise.withResolvers<void>()
    const when = { signal: cut.signal, onFirstContent: begun.resolve }
    const running = ask(dispatch, slow, when)
    await begun.promise
    await ask(dispatch, target)
    expect({ isPaid: isPaid(), unpaidAsked: unpaidAsked() }).toEqual({
      isPaid: false,
      unpaidAsked: 1,
    })
    cut.abort()
    await running
    expect(await ask(dispatch, target)).toMatchObject({ kind: 'answered' })
    expect({ unpaidAsked: unpaidAsked(), asked: host.dispatches.length }).toEqual({
      unpaidAsked: 1,
      asked: 1,
    })
  })

  test('behind one key, the account’s next one pays', async () => {
    const platform = await bench.customer()
    const capped = await bench.keyOf(platform, { spendPerDay: 1n })
    const listKeys = async () => [capped.key, platform.key]
    const { target } = await sale(streams(['Hello']))
    const { dispatch, unpaidAsked } = await asking(platform, { listKeys })
    await ask(dispatch, target)
    expect(unpaidAsked()).toBe(1)
    expect(await ask(dispatch, target)).toMatchObject({ kind: 'answered' })
    expect(unpaidAsked()).toBe(1)
  })
})
