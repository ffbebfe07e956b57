/** The stage of one history: empty stores with its customers in them, a world, a checker. */
import { sweepBucketOf } from '../../src/ledger/wallet.ts'
import { type MemoryLedger, makeMemoryLedger } from '../support/memory-ledger.ts'
import { timeOfId } from './actors/ids.ts'
import { makeProcesses } from './actors/processes.ts'
import type { Sim } from './actors/sim.ts'
import type { CheckerContext } from './checker/context.ts'
import { nothingSeen } from './checker/record.ts'
import type { Log } from './engine/log.ts'
import type { Counts } from './engine/sometimes.ts'
import { makeWorld, type World } from './engine/world.ts'
import type { SimPlan } from './plan.ts'
import { graceMs, leaseMsOf } from './setting.ts'
import { type Customer, customersOf, modelAt, nodes } from './stage.ts'

export async function openSim(plan: SimPlan, log: Log, counts: Counts): Promise<Sim> {
  const { setting, faults, seed } = plan
  const count = (what: string): void => {
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  const world = makeWorld({
    startMs: setting.startMs,
    faults,
    latencyScaleMs: setting.latencyScaleMs,
    log,
    count: (what) => count(`fault: ${what}`),
  })
  // The database tells its time in whole seconds.
  const serverTimeMs = () => Math.floor(world.nowMs() / 1000) * 1000
  const ledger = makeMemoryLedger({ asserts: false, serverTimeMs })
  const customers = customersOf(setting.customers)
  await createAccounts(ledger, customers)
  // The schedule has been running: without a cursor it would look back two hours at first.
  ledger.state.cursor = sweepBucketOf(Math.floor((setting.startMs - graceMs) / 1000))
  const models = [{ atMs: setting.startMs, model: modelAt(1, 100) }]
  const sim: Sim = {
    plan,
    world,
    ledger,
    customers,
    models,
    checker: checkerOf({ plan, world, ledger, customers, count, models, log }),
    leaseMs: leaseMsOf(setting),
    processOf: makeProcesses(seed, faults),
    suspendedNodes: new Set(),
    dispatches: new Map(),
    refused: [],
    rateOf: (fault) => (sim.isCalm ? 0 : faults[fault]),
    isCalm: false,
  }
  return sim
}

async function createAccounts(
  { accounts }: MemoryLedger,
  customers: readonly Customer[],
): Promise<void> {
  for (const { accountId, ownerId } of customers) {
    const account = { accountId, ownerId, name: 'customer', smoke: false, createdAtMs: 0 }
    await accounts.createAccount(account)
  }
}

function checkerOf(of: {
  readonly plan: SimPlan
  readonly world: World
  readonly ledger: MemoryLedger
  readonly customers: readonly Customer[]
  readonly count: (what: string) => void
  readonly models: Sim['models']
  readonly log: Log
}): CheckerContext {
  const { plan, world, ledger, customers, count, models, log } = of
  const owners = new Map(customers.map(({ accountId, ownerId }) => [accountId, ownerId]))
  const nodeOwners = new Map(nodes.map(({ nodeId, ownerId }) => [nodeId, ownerId]))
  const keys = new Map(
    customers.flatMap(({ accountId, keys }) =>
      keys.map((key) => [`${accountId} ${key.ordinal}`, key] as const),
    ),
  )
  return {
    seen: nothingSeen(),
    nowMs: world.nowMs,
    deadlineMs: plan.setting.deadlineMs,
    leaseMs: leaseMsOf(plan.setting),
    count,
    tell: log.detail,
    walletOf: (accountId) => ledger.state.wallets.get(accountId),
    earningsOf: (nodeId) => ledger.state.earnings.get(nodeId),
    capsOf: (accountId, keyOrdinal) => keys.get(`${accountId} ${keyOrdinal}`),
    newestVersion: () => models.at(-1)?.model.version ?? 0,
    priceOf: (version) => models.find(({ model }) => model.version === version)?.model.prices[0],
    isOwn: (accountId, nodeId) => owners.get(accountId) === nodeOwners.get(nodeId),
    timeOfId,
  }
}
