/**
 * A fleet whose facts change under a running gateway: passes every 15 s unless they are stopped, a
 * shard cached for 5 s, and requests by the real use case, whose dispatches are written down.
 */
import { ids, timeOfId } from '../../src/adapters/system.ts'
import type { AttemptOrder } from '../../src/dispatch/attempt.ts'
import type { FleetRow, PoolShard } from '../../src/fleet/pool.ts'
import { neverCancelled } from '../../src/gateway/cancel-watch.ts'
import { chatWork } from '../../src/gateway/chat-work.ts'
import { type CompleteDeps, complete } from '../../src/gateway/complete.ts'
import { readShardFrom } from '../../src/gateway/read-shard.ts'
import type { CustomerKey } from '../../src/keys/api-key.ts'
import { credit } from '../../src/ledger/credit.ts'
import type { Random, Sleep } from '../../src/protocol/clock.ts'
import { recomputeEligibility } from '../../src/schedules/recompute-eligibility.ts'
import { aKey, nowMs as startMs } from '../adapters/dynamodb/facts.ts'
import { fakeReceiptSigner } from '../sim/actors/ids.ts'
import { makeMemoryLedger } from '../support/memory-ledger.ts'
import { makeMemoryPool } from '../support/memory-pool.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import { noBreakers } from '../support/no-breakers.ts'
import { facts } from './gate-causes.ts'

const modelId = 'maker/model'
const model = { ...modelOnSale(modelId), version: 1 }
export const passEveryMs = 15_000
export const shardFreshMs = 5_000

export type Dispatched = {
  readonly nodeId: string
  readonly shard: PoolShard
  readonly atMs: number
  /** As the node's facts were when the shard's pass judged them, and as they are now. */
  readonly judged: FleetRow
  readonly now: FleetRow
}

/** Waits end when they are told to; nothing here waits by the clock. */
const sleep: Sleep = (_, signal) =>
  signal
    ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    : Promise.resolve()

export async function startChangingFleet(size: number, random: Random) {
  const rows = Array.from({ length: size }, (): FleetRow => {
    const { node, hot, profile } = facts()
    return { node, hot, profiles: [profile] }
  })
  const pool = makeMemoryPool()
  /** By when the pass began. */
  const passes = new Map<number, readonly FleetRow[]>()
  let nowMs = startMs
  let passAtMs = Number.NEGATIVE_INFINITY

  const pass = async () => {
    passAtMs = nowMs
    passes.set(nowMs, [...rows])
    await recomputeEligibility({
      nowMs: () => nowMs,
      catalogue: { listModels: async () => [model] },
      fleet: {
        readFleetState: async () => ({ activeNodes: size, grace: undefined }),
        rows: async function* () {
          yield* [...rows]
        },
      },
      pool,
    })
  }
  const shards = readShardFrom(pool, {
    random,
    freshMs: shardFreshMs,
    nowMs: () => nowMs,
  })
  const { key, deps } = await openGateway(() => nowMs, random)

  return {
    rows,
    change: (index: number, change: (row: FleetRow) => FleetRow) => {
      const row = rows[index % size]
      if (row) rows[index % size] = change(row)
    },
    wait: async (durationMs: number, { passesRun }: { readonly passesRun: boolean }) => {
      nowMs += durationMs
      if (passesRun && nowMs - passAtMs >= passEveryMs) await pass()
      return nowMs
    },
    /** Every host refuses, so that each candidate that may be tried is tried. */
    ask: async (): Promise<readonly Dispatched[]> => {
      const shard = await shards(modelId, { affinity: undefined, suits: () => true })
      const judged = shard && passes.get(shard.builtAtMs)
      if (!shard || !judged) return []
      const dispatched: Dispatched[] = []
      const startAttempt = async ({ candidate }: AttemptOrder) => {
        const { nodeId } = candidate
        const of = (all: readonly FleetRow[]) => all.find(({ node }) => node.nodeId === nodeId)
        const [then, now] = [of(judged), of(rows)]
        if (then && now) dispatched.push({ nodeId, shard, atMs: nowMs, judged: then, now })
        const at = { ticketId: 't', ticketHash: 'a'.repeat(64), candidate }
        return { ...at, kind: 'failed', reason: 'busy' } as const
      }
      const readHotItems: CompleteDeps['fleet']['readHotItems'] = async (nodeIds) =>
        new Map(
          rows.flatMap(({ hot }) =>
            hot && nodeIds.includes(hot.nodeId) ? [[hot.nodeId, hot]] : [],
          ),
        )
      const events = complete(
        { ...deps, startAttempt, fleet: { readHotItems, recordProbe: async () => undefined } },
        {
          holdId: ids.ulid(nowMs),
          work: chatWork(
            { model: modelId, messages: [{ role: 'user', content: 'x' }], max_tokens: 64 },
            key,
            deps.random,
          ),
          bodySha256: 'c'.repeat(64),
          key,
          shard,
          startedAtMs: nowMs,
          claim: undefined,
          clientGone: new AbortController().signal,
        },
      )
      await Array.fromAsync(events)
      return dispatched
    },
  }
}

async function openGateway(nowMs: () => number, random: Random) {
  const ledger = makeMemoryLedger({ asserts: true })
  const accountId = `acct_${ids.ulid(nowMs())}`
  await ledger.accounts.createAccount({ accountId, name: 'a', smoke: false, createdAtMs: nowMs() })
  await credit(
    { journal: ledger.journal, ids, nowMs, sleep },
    { accountId, kind: 'top_up', amount: 10n ** 12n, reference: 'payment', by: 'test' },
  )
  const key: CustomerKey = { ...aKey(accountId), ordinal: 1 }
  const deps = {
    nowMs,
    sleep,
    ids,
    timeOfId,
    random,
    newNonce: () => ids.token(6),
    cancelDispatch: async () => 'failed',
    watchCancel: neverCancelled,
    breakers: noBreakers,
    receiptSigner: fakeReceiptSigner,
    store: ledger.holds,
    repair: async () => false,
    readIncidents: async () => [],
    deadlineMs: 300_000,
    leaseMs: 420_000,
  } satisfies Omit<CompleteDeps, 'startAttempt' | 'fleet'>
  return { key, deps }
}
