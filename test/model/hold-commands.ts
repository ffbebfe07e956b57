/** Holds as they are taken, decided, settled and swept, while accounts, keys and the clock change. */
import fc from 'fast-check'
import { finishHold } from '../../src/ledger/finish.ts'
import type { Decision } from '../../src/ledger/ports.ts'
import { type Reserved, type ReserveOrder, reserve } from '../../src/ledger/reserve.ts'
import { sweep } from '../../src/ledger/sweep.ts'
import { splitCharge } from '../../src/money/price.ts'
import {
  anyAccount,
  anyAmount,
  anyFate,
  anyHold,
  anyNode,
  anyPart,
  anyTokens,
  command,
  holdOf,
  type Part,
  partOf,
  type Told,
} from './command.ts'
import { decisionOf } from './decisions.ts'
import { graceMs, leaseMs } from './real-ledger.ts'
import type { Outcome } from './reference-ledger.ts'
import { capsOfKeys, type Handle, referenceOrder, type World } from './world.ts'

type Terms = { readonly atMs: number; readonly tokens: number }

export async function take(world: World, order: ReserveOrder, terms: Terms): Promise<Told> {
  const { ledger, reference, handles } = world
  const answer = await reserve(ledger.reserving, order)
  const expected = reference.take(referenceOrder(order, terms))
  const taken = reference.holds.at(-1)
  if (answer.kind === 'held' && expected === 'held' && taken) {
    handles.push({ order, hold: answer.hold, taken })
  }
  return { told: inWords(answer), expected }
}

function inWords(answer: Reserved): string {
  if (answer.kind !== 'refused') return answer.kind
  const { refusal } = answer
  if (refusal.kind === 'counter') return `counter ${refusal.limit}`
  if (refusal.kind === 'balance') return `balance ${refusal.available} of ${refusal.held}`
  return refusal.kind
}

const anyClaim = fc.record({ name: fc.nat({ max: 2 }), body: fc.nat({ max: 1 }) })
const anyAsk = fc.record({
  accountId: anyAccount,
  key: fc.constantFrom(1, 2, 2, 3),
  amount: anyAmount,
  tokens: anyTokens,
  claim: fc.oneof({ arbitrary: fc.constant(undefined), weight: 2 }, anyClaim),
})
type Ask = typeof anyAsk extends fc.Arbitrary<infer T> ? T : never

function ask(world: World, { key, claim, ...terms }: Ask): Promise<Told> {
  const { ledger } = world
  const order = ledger.orderOf({
    ...terms,
    caps: { keyOrdinal: key, ...capsOfKeys[key] },
    claim: claim && {
      claimHash: `${terms.accountId} ${claim.name}`,
      fingerprint: `body ${claim.body}`,
    },
  })
  return take(world, order, { atMs: ledger.nowMs(), tokens: terms.tokens })
}

const reserves = fc.record({ ask: anyAsk, fate: anyFate }).map((terms) =>
  command('reserve', terms, (world) => {
    world.ledger.lose(terms.fate)
    return ask(world, terms.ask)
  }),
)

/** As late as a write can be; a capped key's only while the counters of its minute are kept. */
const twins = anyHold.map((nth) =>
  command('a reserve arrives again', nth, async (world) => {
    const handle = holdOf(world, nth)
    if (!handle) return
    const { atMs, tokens } = handle.taken
    const isLate =
      world.ledger.nowMs() >= atMs + (handle.order.keyOrdinal === 1 ? leaseMs : 120_000)
    return isLate ? undefined : take(world, handle.order, { atMs, tokens })
  }),
)

const bursts = anyAccount.map((accountId) =>
  command('a burst of reserves', accountId, async (world) => {
    for (let count = 0; count < 66; count += 1) {
      const order = world.ledger.orderOf({ accountId, amount: 0n })
      const answer = await take(world, order, { atMs: world.ledger.nowMs(), tokens: 0 })
      if (answer.told !== 'held' || answer.expected !== 'held') return answer
    }
    throw new Error('a wallet has a bounded number of open holds')
  }),
)

type Ending = {
  readonly status: 'completed' | 'failed'
  readonly part: Part
  readonly nodeId: string | undefined
  readonly hostShareBps: number
  readonly tokens: number
}
const nothingServed = {
  status: 'failed',
  part: 'none',
  nodeId: undefined,
  hostShareBps: 0,
  tokens: 0,
} as const
const anyEnding: fc.Arbitrary<Ending> = fc.oneof(
  {
    arbitrary: fc.record({
      status: fc.constant('completed'),
      part: anyPart,
      nodeId: anyNode,
      hostShareBps: fc.constantFrom(0, 3_333, 8_500, 10_000),
      tokens: anyTokens,
    }),
    weight: 5,
  },
  fc.constant(nothingServed),
)

function endingOf(
  { order, hold }: Handle,
  ending: Ending,
): { decision: Decision; outcome: Outcome } {
  const { accountId, holdId } = order
  const charge = partOf(hold.amount, ending.part)
  const { status, tokens, nodeId: node } = ending
  const part = splitCharge(charge, ending.hostShareBps).hostShare
  return {
    decision: decisionOf({ accountId, holdId, hold, charge, ...ending }),
    outcome: { charge, tokens, status, node, part },
  }
}

async function finish(world: World, handle: Handle, ending: Ending): Promise<Told> {
  const { ledger, reference } = world
  const { decision, outcome } = endingOf(handle, ending)
  const isFirst = !reference.verdicts.has(decision.holdId)
  const finished = await finishHold(ledger.finishing, handle.hold, decision)
  const verdict = reference.end(handle.taken, outcome)
  if (finished.kind === 'unavailable') return { told: finished.kind, expected: 'finished' }
  return {
    told: `first ${finished.wasFirst} ${finished.decision.charge} ${finished.isSettled}`,
    expected: `first ${isFirst} ${verdict.charge} true`,
  }
}

const finishes = fc.record({ nth: anyHold, ending: anyEnding, fate: anyFate }).map((terms) =>
  command('finish', terms, async (world) => {
    const handle = holdOf(world, terms.nth)
    world.ledger.lose(terms.fate)
    return handle && finish(world, handle, terms.ending)
  }),
)

const requests = fc.record({ ask: anyAsk, ending: anyEnding }).map((terms) =>
  command('a whole request', terms, async (world) => {
    const answer = await ask(world, terms.ask)
    const handle = holdOf(world, 0)
    return answer.told === 'held' && handle ? finish(world, handle, terms.ending) : answer
  }),
)

const crashes = fc.record({ nth: anyHold, ending: anyEnding }).map(({ nth, ending }) =>
  command('decide, then crash', { nth, ...ending }, async (world) => {
    const handle = holdOf(world, nth)
    if (!handle) return
    const { decision, outcome } = endingOf(handle, ending)
    const isFirst = !world.reference.verdicts.has(decision.holdId)
    const { kind } = await world.ledger.stores.holds.decide(decision)
    world.reference.decide(handle.taken, outcome)
    return { told: kind, expected: isFirst ? 'decided' : 'decided_before' }
  }),
)

export async function sweepAll({ ledger, reference }: World): Promise<Told> {
  let told = 0
  for (let run = 0; run < 100; run += 1) {
    const { released, stopped } = await sweep(ledger.sweeping)
    told += released
    if (stopped === 'done') return { told, expected: reference.sweep() }
  }
  throw new Error('a sweep comes to its end')
}

const sweeps = anyFate.map((fate) =>
  command('sweep', fate ?? '', (world) => {
    world.ledger.lose(fate)
    return sweepAll(world)
  }),
)

/** Sweeps that find nothing to do after the first one. */
const longWaits = fc.constantFrom(1, 7).map((days) =>
  command('days of sweeps', days, async (world) => {
    const { ledger } = world
    ledger.moveClock(leaseMs + graceMs + 1_000)
    const answer = await sweepAll(world)
    ledger.moveClock(days * dayMs)
    await ledger.stores.sweeps.writeCursor(new Date(ledger.nowMs()).toISOString().slice(0, 16))
    return answer
  }),
)

const statusCommand = (status: 'active' | 'suspended') =>
  anyAccount.map((accountId) =>
    command(`account ${status}`, accountId, async ({ ledger, reference }) => {
      await ledger.stores.accounts.setStatus(accountId, status)
      if (status === 'active') reference.stopped.delete(accountId)
      else reference.stopped.add(accountId)
      return undefined
    }),
  )
const suspensions = statusCommand('suspended')
const resumptions = statusCommand('active')

const revocations = anyAccount.map((accountId) =>
  command('revoke key 3', accountId, async ({ revoke, reference }) => {
    await revoke(accountId, 3)
    reference.stopped.add(`${accountId} 3`)
    return undefined
  }),
)

const dayMs = 86_400_000
const monthEnds = [Date.UTC(2026, 11), Date.UTC(2027, 0), Date.UTC(2027, 1)]
const waits = {
  '1 s': () => 1_000,
  '30.5 s': () => 30_500,
  '1 min': () => 60_000,
  '3 min': () => 180_000,
  'a lease': () => leaseMs + graceMs,
  '1 h': () => 3_600_000,
  'to midnight': (nowMs: number) => dayMs - (nowMs % dayMs) - 1_000,
  /** Where it is near. */
  'to the end of the month': (nowMs: number) => {
    const leftMs = (monthEnds.find((endMs) => endMs > nowMs) ?? nowMs) - nowMs
    return leftMs < 3 * dayMs ? Math.max(0, leftMs - 1_000) : 0
  },
}
const waitCommand = (wait: keyof typeof waits) =>
  command('wait', wait, async ({ ledger }) => {
    ledger.moveClock(waits[wait](ledger.nowMs()))
    return undefined
  })
const shortWaits = fc
  .constantFrom<(keyof typeof waits)[]>('1 s', '1 s', '30.5 s', '1 min', '3 min', 'a lease')
  .map(waitCommand)
const clocks = fc
  .constantFrom<(keyof typeof waits)[]>('a lease', '1 h', 'to midnight', 'to the end of the month')
  .map(waitCommand)

/** Without what takes a sweeper long, or many writes. */
export const quickHoldCommands = [
  { arbitrary: reserves, weight: 90 },
  { arbitrary: finishes, weight: 80 },
  { arbitrary: requests, weight: 120 },
  { arbitrary: crashes, weight: 30 },
  { arbitrary: twins, weight: 40 },
  { arbitrary: sweeps, weight: 20 },
  { arbitrary: shortWaits, weight: 35 },
  { arbitrary: suspensions, weight: 3 },
  { arbitrary: resumptions, weight: 12 },
  { arbitrary: revocations, weight: 2 },
]
export const holdCommands = [
  ...quickHoldCommands,
  { arbitrary: clocks, weight: 25 },
  { arbitrary: longWaits, weight: 25 },
  { arbitrary: bursts, weight: 1 },
]
