/** Limits hold across gateways that share nothing but the database: each is a process of its own. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'
import { timeOfId } from '../../src/adapters/system.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { fundedAccount } from '../support/funded-account.ts'
import { Report } from './process-report.ts'

const processCount = 8
const triesEach = 6
const midnightMs = Date.UTC(2026, 11, 1)

let engine: EmbeddedDynamodb
let gateways: readonly ChildProcess[]
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  const script = join(import.meta.dirname, 'gateway-process.ts')
  gateways = Array.from({ length: processCount }, () => fork(script))
  await Promise.all(gateways.map(answer))
})
afterAll(async () => {
  for (const gateway of gateways) gateway.kill()
  await engine.stop()
})

describe(`${processCount} gateway processes race on one wallet`, () => {
  test('and no more is held than the balance covers', async () => {
    const accountId = await fundedAccount(engine, 1_050n)
    const { held, refusals } = await race(accountId, {})
    expect(held).toHaveLength(10)
    expect(refusals).toEqual(new Set(['balance']))
    expect(await walletOf(accountId)).toMatchObject({ available: 450n, held: 0n, spent: 600n })
  })

  test('around midnight with clocks 120 s apart, and each day keeps to its own cap', async () => {
    const accountId = await fundedAccount(engine, 1_000_000n)
    const { held, refusals } = await race(accountId, { spendPerDay: '1000' })
    const before = held.filter((holdId) => timeOfId(holdId) < midnightMs)
    expect([before.length, held.length - before.length]).toEqual([10, 10])
    expect(refusals).toEqual(new Set(['spend_day']))
    // Each hold counted 100; 60 was charged and the rest came back.
    const { counters } = await walletOf(accountId)
    expect(counters.get('sd#1#20261130')).toBe(600n)
    expect(counters.get('sd#1#20261201')).toBe(600n)
  })

  test('within one minute, and its tokens keep to their limit', async () => {
    const accountId = await fundedAccount(engine, 1_000_000n)
    const limits = { requestsPerMinute: 30, tokensPerMinute: 1_700 }
    const { held, refusals } = await race(accountId, limits, inOneMinute)
    expect(held).toHaveLength(17)
    expect(refusals).toEqual(new Set(['tpm']))
  })

  test('within one minute, and its requests keep to their limit', async () => {
    const accountId = await fundedAccount(engine, 1_000_000n)
    const limits = { requestsPerMinute: 13, tokensPerMinute: 1_700 }
    const { held, refusals } = await race(accountId, limits, inOneMinute)
    expect(held).toHaveLength(13)
    expect(refusals).toEqual(new Set(['rpm']))
  })

  test('and never more of them run at once than the key allows', async () => {
    const accountId = await fundedAccount(engine, 1_000_000n)
    const { held, refusals } = await race(accountId, { concurrency: 5 })
    expect(held).toHaveLength(5)
    expect(refusals).toEqual(new Set(['concurrency']))
    expect((await walletOf(accountId)).counters.get('cc#1')).toBe(0n)
  })
})

type Limits = {
  readonly spendPerDay?: string
  readonly requestsPerMinute?: number
  readonly tokensPerMinute?: number
  readonly concurrency?: number
}

const aroundMidnight = { clockMs: midnightMs, errorMs: 60_000 }
const inOneMinute = { clockMs: midnightMs + 1_000, errorMs: 0 }

/** All try; when all have tried, all end what they got. Clocks run ahead and behind in turn. */
async function race(
  accountId: string,
  limits: Limits,
  { clockMs, errorMs }: typeof aroundMidnight = aroundMidnight,
) {
  const { endpoint, tables } = engine
  const common = { endpoint, tables, accountId, tries: triesEach, tokens: 100, amount: '100' }
  const reports = await Promise.all(
    gateways.map(async (gateway, index) => {
      const clock = { clockMs: clockMs + (index % 2 === 0 ? errorMs : -errorMs) }
      gateway.send({ ...common, ...clock, ...limits, charge: '60' })
      return Report.parse(await answer(gateway))
    }),
  )
  await Promise.all(
    gateways.map((gateway) => {
      gateway.send('end')
      return answer(gateway)
    }),
  )
  return {
    held: reports.flatMap(({ holdIds }) => holdIds),
    refusals: new Set(reports.flatMap(({ refusals }) => refusals)),
  }
}

async function answer(gateway: ChildProcess): Promise<unknown> {
  const [message] = await once(gateway, 'message', { signal: AbortSignal.timeout(60_000) })
  return message
}

async function walletOf(accountId: string) {
  const wallet = await makeSweepStore(engine).readWallet(accountId)
  if (wallet === undefined) throw new Error('the account has no wallet')
  return wallet
}
