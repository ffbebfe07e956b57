/** What hosts are paid, and what they claim for work whose gateway was lost. */

import fc from 'fast-check'
import { firstIdAt } from '../../src/adapters/system.ts'
import { claimLate } from '../../src/ledger/late-claim.ts'
import { closePayout, confirmPayout, releaseEscrow } from '../../src/ledger/payout.ts'
import {
  anyAccount,
  anyFate,
  anyHold,
  anyNode,
  command,
  holdOf,
  type Told,
  untilKnown,
} from './command.ts'
import { sweepAll, take } from './hold-commands.ts'
import { accrue } from './journal-commands.ts'
import { graceMs, leaseMs } from './real-ledger.ts'
import { accounts, type Handle, nodes, type World } from './world.ts'

const anyPeriod = fc.constantFrom('2026-11-29', '2026-11-30')

async function close({ ledger, reference }: World, at: { nodeId: string; period: string }) {
  const { kind } = await untilKnown(() => closePayout(ledger.paying, at))
  const expected = reference.closePayout(at.nodeId, at.period)
  const words = { done: 'closed', before: 'closed_before' }[expected]
  return { told: kind, expected: words ?? expected }
}

const payouts = fc
  .record({ nodeId: anyNode, period: anyPeriod, fate: anyFate })
  .map(({ fate, ...at }) =>
    command('close payout', { ...at, fate }, (world) => {
      world.ledger.lose(fate)
      return close(world, at)
    }),
  )

/** All that is due is accrued and closed, as the schedules do it every day. */
const closings = anyPeriod.map((period) =>
  command('close all books', period, async (world) => {
    const answers: Told[] = []
    for (const accountId of accounts) answers.push(await accrue(world, accountId, 0))
    for (const nodeId of nodes) answers.push(await close(world, { nodeId, period }))
    return joined(answers)
  }),
)

const joined = (answers: readonly Told[]): Told => ({
  told: answers.map(({ told }) => told).join(', '),
  expected: answers.map(({ expected }) => expected).join(', '),
})

const confirmations = fc
  .record({
    nodeId: anyNode,
    period: anyPeriod,
    state: fc.constantFrom('paid', 'returned'),
    transferId: fc.constantFrom('transfer 1', 'transfer 1', 'transfer 2'),
    fate: anyFate,
  })
  .map((terms) =>
    command('confirm payout', terms, async ({ ledger, reference }) => {
      const { nodeId, period, state, transferId, fate } = terms
      ledger.lose(fate)
      const word = { state, transferId, by: 'bank' }
      const { kind } = await untilKnown(() =>
        confirmPayout(ledger.paying, { nodeId, period }, word),
      )
      return { told: kind, expected: reference.confirm(nodeId, period, state, transferId) }
    }),
  )

/** One token costs one nano-USD. */
const price = {
  promptNanoUsdPerMTok: 1_000_000n,
  cachedPromptNanoUsdPerMTok: 1_000_000n,
  completionNanoUsdPerMTok: 1_000_000n,
}
type LateTerms = {
  readonly holdId: string
  readonly nodeId: string
  readonly ticketHash: string
  readonly prompt: number
  readonly hostShareBps: number
}

async function claim({ ledger, reference }: World, terms: LateTerms): Promise<Told> {
  const { holdId, nodeId, ticketHash, prompt, hostShareBps } = terms
  const usage = { prompt, cached_prompt: 0, completion: 0 }
  const stoppedBefore = ledger.suspendedNodes.length
  const answer = await untilKnown(() =>
    claimLate(ledger.claiming, {
      ticketHash,
      nodeId,
      holdId,
      usage,
      maxTokens: 0,
      choices: 1,
      price: { ...price, hostShareBps },
    }),
  )
  const told = answer.kind === 'refused' ? answer.reason : answer.kind
  const bps = BigInt(hostShareBps)
  const expected = reference.claimLate(ticketHash, nodeId, holdId, BigInt(prompt), bps)
  const isStopped = ledger.suspendedNodes.length > stoppedBefore
  const shouldBeStopped = reference.stopped.delete(nodeId)
  return {
    told: isStopped ? `${told}, node stopped` : told,
    expected: shouldBeStopped ? `${expected}, node stopped` : expected,
  }
}

const claims = fc
  .record({
    nth: anyHold,
    nodeId: anyNode,
    ticket: fc.nat({ max: 30 }),
    isMeant: fc.constantFrom(true, true, true, false),
    prompt: fc.nat({ max: 200 }),
    hostShareBps: fc.constantFrom(5_000, 10_000),
    fate: anyFate,
  })
  .map((terms) =>
    command('claim late', terms, (world) => {
      const { verdicts } = world.reference
      const isExpired = ({ order }: Handle) => verdicts.get(order.holdId)?.status === 'expired'
      const handle = holdOf(world, terms.nth, terms.isMeant ? isExpired : undefined)
      const holdId = handle?.order.holdId ?? firstIdAt(0)
      const ticketHash = String(terms.ticket).padStart(64, '0')
      world.ledger.lose(terms.fate)
      return claim(world, { ...terms, holdId, ticketHash })
    }),
  )

/** Too many at once for one day, if it happens to one node or one customer alone. */
const lostGateways = fc.record({ accountId: anyAccount, nodeId: anyNode }).map((terms) =>
  command('a gateway is lost', terms, async (world) => {
    const { ledger } = world
    const answers: Told[] = []
    const orders = [3n, 3n, 3n, 3n].map((amount) => ledger.orderOf({ ...terms, amount }))
    for (const order of orders) {
      answers.push(await take(world, order, { atMs: ledger.nowMs(), tokens: 0 }))
    }
    ledger.moveClock(leaseMs + graceMs + 1_000)
    answers.push(await sweepAll(world))
    for (const [index, { holdId }] of orders.entries()) {
      const ticketHash = holdId.padStart(64, '0')
      const nodeId = index === 3 ? terms.nodeId : (nodes[index % 2] ?? terms.nodeId)
      const due = { ...terms, nodeId, holdId, ticketHash, prompt: 2, hostShareBps: 10_000 }
      answers.push(await claim(world, due))
    }
    return joined(answers)
  }),
)

const releases = fc.record({ nodeId: anyNode, fate: anyFate }).map(({ nodeId, fate }) =>
  command('release escrow', { nodeId, fate }, async ({ ledger, reference }) => {
    ledger.lose(fate)
    return { told: await releaseEscrow(ledger.paying, nodeId), expected: reference.release(nodeId) }
  }),
)

export const payoutCommands = [
  { arbitrary: closings, weight: 20 },
  { arbitrary: payouts, weight: 30 },
  { arbitrary: confirmations, weight: 40 },
  { arbitrary: claims, weight: 40 },
  { arbitrary: lostGateways, weight: 8 },
  { arbitrary: releases, weight: 15 },
]
