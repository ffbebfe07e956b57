import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { move } from '../../src/ledger/journal.ts'
import { post } from '../../src/ledger/post.ts'
import { minuteMs } from '../ledger/open-ledger.ts'
import {
  openReconciledLedger,
  type ReconciledLedger,
} from '../ledger/reconcile/open-reconciled-ledger.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'

const dayMs = 24 * 60 * minuteMs
const pageOfNodes = 50
/** The ledger of these tests begins on 2026-11-21. */
const yesterday = '2026-11-20'

const node = (index: number) =>
  `n_${'a'.repeat(24)}${nodeLetters[index % 26]}${nodeLetters[Math.trunc(index / 26)]}`
const nodeLetters = 'abcdefghijklmnopqrstuvwxyz'

let engine: EmbeddedDynamodb
let ledger: ReconciledLedger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  ledger = await openReconciledLedger(engine)
})
afterAll(() => engine.stop())

async function earn(nodeId: string, amount: bigint, reference = `accrual ${nodeId}`) {
  const legs = move(amount, { kind: 'undistributed' }, { kind: 'host', owner: nodeId })
  const entry = { kind: 'accrual', legs, reference, by: 'test', about: '' } as const
  expect(await post(ledger.posting, entry)).toMatchObject({ kind: 'posted' })
}

async function claimLate(nodeId: string, amount: bigint, payableAtMs: number) {
  const ticketHash = String(amount).padStart(64, '0')
  const holdId = `01JABCDEFGHJKMNPQRSTVW${String(amount).padStart(4, '0')}`
  const legs = move(amount, { kind: 'shortfall' }, { kind: 'escrow', owner: nodeId })
  const at = { claimedAtMs: ledger.nowMs(), payableAtMs, state: 'escrowed' } as const
  const claim = { ticketHash, nodeId, accountId: 'acct_1', holdId, amount, ...at }
  const reference = `late claim ${holdId}`
  const draft = { kind: 'late_claim', legs, reference, by: nodeId, about: holdId } as const
  const guard = { kind: 'late_claim', claim, from: undefined } as const
  expect(await post(ledger.posting, draft, [guard])).toMatchObject({ kind: 'posted' })
}

test('closes the day before with all that is payable, once', async () => {
  await earn(node(0), 70n)
  await earn(node(1), 5n)
  const first = await ledger.pay()
  expect(first).toMatchObject({ period: yesterday, nodes: 2, closed: 2, stopped: 'done' })
  expect(await ledger.journal.readPayout(node(0), yesterday)).toMatchObject({
    amount: 70n,
    state: 'in_transit',
  })
  expect(await ledger.pay()).toMatchObject({ nodes: 2, closed: 0, postponed: 0 })
})

test('closes nothing while payouts are paused, and all of it afterwards', async () => {
  await earn(node(0), 70n)
  const scope = { kind: 'payout' } as const
  const incident = { incidentId: 'inc_1', scope, untilMs: ledger.nowMs() + minuteMs }
  const readIncidents = async () => [incident]
  const paused = await ledger.pay({ readIncidents })
  expect(paused).toMatchObject({ closed: 0, stopped: 'incident', incidentId: 'inc_1' })
  expect(await ledger.journal.readEarnings(node(0))).toMatchObject({ payable: 70n })
  ledger.moveClock(minuteMs)
  const after = await ledger.pay({ readIncidents })
  expect(after).toMatchObject({ closed: 1, stopped: 'done', incidentId: null })
})

test('goes on where payouts were paused in the middle of a run', async () => {
  const all = Array.from({ length: pageOfNodes + 1 }, (_, index) => node(index))
  for (const nodeId of all) await earn(nodeId, 1n)
  const scope = { kind: 'everything' } as const
  const incident = { incidentId: 'inc_1', scope, untilMs: ledger.nowMs() + minuteMs }
  let asked = 0
  const readIncidents = async () => {
    asked += 1
    return asked > 10 ? [incident] : []
  }
  const paused = await ledger.pay({ readIncidents })
  expect(paused).toMatchObject({ closed: 10, stopped: 'incident' })
  expect(await ledger.pay()).toMatchObject({ closed: all.length - 10, stopped: 'done' })
})

test('leaves what was earned after the close for the next day', async () => {
  await earn(node(0), 70n)
  await ledger.pay()
  await earn(node(0), 30n, 'later')
  expect(await ledger.pay()).toMatchObject({ closed: 0 })
  expect(await ledger.journal.readEarnings(node(0))).toMatchObject({ payable: 30n, inTransit: 70n })
  ledger.moveClock(dayMs)
  expect(await ledger.pay()).toMatchObject({ period: '2026-11-21', closed: 1 })
  expect(await ledger.journal.readEarnings(node(0))).toMatchObject({ payable: 0n, inTransit: 100n })
})

test('pays late claims whose wait is over, and no others', async () => {
  await claimLate(node(0), 11n, ledger.nowMs())
  await claimLate(node(0), 13n, ledger.nowMs() + 1)
  expect(await ledger.pay()).toMatchObject({ released: 1, closed: 1 })
  const earnings = { accrued: 11n, inTransit: 11n, payable: 0n, escrowed: 13n }
  expect(await ledger.journal.readEarnings(node(0))).toMatchObject(earnings)
  expect(await ledger.reconcile()).toMatchObject({ nodes: 1, found: [] })
})

test('closes once, however many runs there are at a time', async () => {
  await earn(node(0), 70n)
  const runs = await Promise.all([ledger.pay(), ledger.pay(), ledger.pay()])
  expect(runs.reduce((sum, { closed }) => sum + closed, 0)).toBe(1)
  expect(await ledger.journal.readEarnings(node(0))).toMatchObject({ payable: 0n, inTransit: 70n })
})

test('a node with broken earnings keeps no other unpaid', async () => {
  await earn(node(0), 70n)
  await earn(node(1), 5n)
  await ledger.alter({ pk: `host#${node(0)}`, sk: 'earnings' }, { payable: 71n })
  const failed: string[] = []
  const onFailure = ({ nodeId }: { readonly nodeId: string }) => failed.push(nodeId)
  expect(await ledger.pay({ onFailure })).toMatchObject({ nodes: 2, closed: 1, failed: 1 })
  expect(failed).toEqual([node(0)])
})

test('with more nodes than one run gets through, the next goes on where it stopped', async () => {
  for (let index = 0; index <= pageOfNodes; index += 1) await earn(node(index), 1n)
  let lateMs = 0
  const nowMs = () => {
    lateMs += minuteMs
    return ledger.nowMs() + lateMs
  }
  expect(await ledger.pay({ nowMs })).toMatchObject({ closed: pageOfNodes, stopped: 'budget' })
  expect(await ledger.pay({ nowMs })).toMatchObject({ nodes: 1, closed: 1, stopped: 'done' })
  expect(await ledger.pay({ nowMs })).toMatchObject({ closed: 0 })
})
