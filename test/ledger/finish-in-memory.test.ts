import { beforeEach, describe, expect, test } from 'vitest'
import { applyDecision, finishHold } from '../../src/ledger/finish.ts'
import type { Decision, HoldStore } from '../../src/ledger/ports.ts'
import { reserve } from '../../src/ledger/reserve.ts'
import type { Hold } from '../../src/ledger/wallet.ts'
import { decisionOf } from '../model/decisions.ts'
import { node, openMemoryLedger, type QuickLedger } from './open-memory-ledger.ts'

let ledger: QuickLedger
let accountId: string
let held: { holdId: string; hold: Hold }
beforeEach(async () => {
  ledger = openMemoryLedger()
  accountId = await ledger.customer(1_000n)
  held = await ledger.take(accountId, 100n)
})

const charging = (charge: bigint): Decision =>
  decisionOf({ accountId, ...held, charge, status: 'completed', nodeId: node })
const finish = (decision: Decision, store: Partial<HoldStore> = {}) => {
  const deps = { ...ledger.finishing, store: { ...ledger.finishing.store, ...store } }
  return finishHold(deps, held.hold, decision)
}
const money = async () => {
  const { available, held: stillHeld, spent } = await ledger.wallet(accountId)
  return [available, stillHeld, spent]
}
const silent = async () => ({ kind: 'unknown' }) as const

describe('an end of a hold', () => {
  test('whose decision gets no answer is not known, and moves no money', async () => {
    expect(await finish(charging(40n), { decide: silent })).toEqual({ kind: 'unavailable' })
    expect(await money()).toEqual([900n, 100n, 0n])
  })

  test('whose settlement gets no answer stands, and is left to the sweeper', async () => {
    const decision = charging(40n)
    expect(await finish(decision, { settle: silent })).toEqual({
      kind: 'finished',
      decision,
      wasFirst: true,
      isSettled: false,
    })
    expect(await finish(charging(60n))).toMatchObject({ wasFirst: false, isSettled: true })
    expect(await money()).toEqual([960n, 0n, 40n])
  })

  test.each([
    [-1n, 'below nothing'],
    [101n, 'above the hold'],
  ])('at %s, %s, is a bug that names the hold, and nothing is decided', async (charge) => {
    const wrong = { ...charging(0n), charge }
    await expect(finish(wrong)).rejects.toThrow(
      `S6 0 ≤ charge ≤ hold {"holdId":"${held.holdId}","charge":"${charge}","hold":"100"}`,
    )
    expect(await ledger.memory.holds.readDecision(accountId, held.holdId)).toBeUndefined()
  })

  test('as a decision from before nonces were recorded takes its charge', async () => {
    const decision = { ...charging(40n), nonce: undefined }
    await ledger.memory.holds.decide(decision)
    expect(await applyDecision(ledger.finishing, held.hold, decision)).toBe(true)
    expect(await money()).toEqual([960n, 0n, 40n])
  })

  test('gives back the tokens that were not used, prompt and completion together', async () => {
    const caps = { tokensPerMinute: 1_000 }
    const order = ledger.orderOf({ accountId, amount: 100n, tokens: 500, caps })
    const answer = await reserve(ledger.reserving, order)
    if (answer.kind !== 'held') throw new Error('it is held')
    held = { holdId: order.holdId, hold: answer.hold }
    const decision = charging(40n)
    const { receipt } = decision
    const { served } = receipt.body
    if (!served) throw new Error('it is served')
    const billed = { prompt: 200, cached_prompt: 150, completion: 34 }
    const usage = { ...served.usage, billed }
    const body = { ...receipt.body, served: { ...served, usage } }
    await finish({ ...decision, receipt: { ...receipt, body } })
    const { counters } = await ledger.wallet(accountId)
    expect([...counters.values()]).toEqual([234n])
  })
})
