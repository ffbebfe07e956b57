/** A gateway process with one request: the real use case over the simulated ports. */
import type { PricedModel } from '../../../src/catalogue/model.ts'
import { chatWork } from '../../../src/gateway/chat-work.ts'
import { type CompleteDeps, type CompleteOrder, complete } from '../../../src/gateway/complete.ts'
import type { CompletionEvent } from '../../../src/gateway/completion-event.ts'
import { claimLifeMs } from '../../../src/ledger/idempotency.ts'
import type { IdempotencyClaim } from '../../../src/ledger/ports.ts'
import { repairWallet } from '../../../src/ledger/sweep.ts'
import { noBreakers } from '../../support/no-breakers.ts'
import type { Task } from '../engine/actor.ts'
import type { RequestBody } from '../operations.ts'
import { nodes, shardOf } from '../stage.ts'
import { attemptAt, type Dispatch } from './host.ts'
import { fakeReceiptSigner, idsOf, timeOfId } from './ids.ts'
import { customerOf, type Sim } from './sim.ts'
import { holdsOf } from './stores.ts'
import { sweepDepsOf } from './sweeper.ts'

export type GatewayRun = {
  readonly order: CompleteOrder
  readonly events: AsyncGenerator<CompletionEvent>
}

export function startRun(
  sim: Sim,
  task: Task,
  request: RequestBody,
  onDispatch: (dispatch: Dispatch) => void,
): GatewayRun & { readonly hangUp: () => void; readonly cancel: () => void } {
  const nowMs = sim.world.clockOf(task.actor)
  const startedAtMs = nowMs()
  const gone = new AbortController()
  const cancelled = new AbortController()
  const deps = completeDepsOf(sim, task, { onDispatch, cancelled: cancelled.signal })
  const { accountId, keys } = customerOf(sim, request.customer)
  const key = keys[request.key] ?? keys[0]
  if (!key) throw new Error(`customer ${request.customer} has no key`)
  const order: CompleteOrder = {
    holdId: deps.ids.ulid(startedAtMs),
    work: chatWork(
      {
        model: 'maker/model',
        messages: [{ role: 'user', content: 'x'.repeat(request.promptLength) }],
        max_tokens: request.maxTokens,
        stream: request.promptLength % 2 === 0,
      },
      key,
      deps.random,
    ),
    bodySha256: 'c'.repeat(64),
    key,
    shard: shardOf(modelSeen(sim, task), candidatesOf(sim)),
    startedAtMs,
    claim: claimOf(request, accountId, startedAtMs),
    clientGone: gone.signal,
  }
  if (order.claim) sim.checker.seen.asked.set(order.holdId, order.claim)
  return {
    order,
    events: complete(deps, order),
    hangUp: () => gone.abort(),
    cancel: () => cancelled.abort(),
  }
}

function completeDepsOf(
  sim: Sim,
  task: Task,
  of: { readonly onDispatch: (dispatch: Dispatch) => void; readonly cancelled: AbortSignal },
): CompleteDeps {
  const { world, checker } = sim
  const nowMs = world.clockOf(task.actor)
  const sleep = world.sleepOf(task)
  const ids = idsOf(task.draws)
  const crash = () => world.crash(task.actor)
  const { onDispatch } = of
  const hosts = { checker, nowMs, sleep, task, rateOf: sim.rateOf, crash, onDispatch }
  return {
    nowMs,
    sleep,
    ids,
    timeOfId,
    random: task.draws.unit,
    newNonce: () => ids.token(6),
    receiptSigner: fakeReceiptSigner,
    store: holdsOf(sim, task),
    repair: (wallet) => {
      checker.count('repair: of a wallet that refused')
      return repairWallet(sweepDepsOf(sim, task), wallet)
    },
    startAttempt: (attempt) => attemptAt(hosts, attempt),
    // Found by whichever process runs the request; here it is always the one that was told.
    watchCancel: () => ({ signal: of.cancelled, end: () => undefined }),
    cancelDispatch: async () => {
      await sleep(task.draws.below(2_000))
      return task.draws.pick(['cancelled', 'not_running', 'failed'])
    },
    // Breakers move no money, so nothing of them is kept.
    breakers: noBreakers,
    // Which routes are proven moves no money, so nothing of it is kept.
    fleet: { readHotItems: async () => hotItems, recordProbe: async () => undefined },
    readIncidents: async () => [],
    deadlineMs: sim.plan.setting.deadlineMs,
    leaseMs: sim.leaseMs,
  }
}

const hotItems = new Map(nodes.map(({ nodeId, hot }) => [nodeId, hot]))

const candidatesOf = ({ plan, suspendedNodes }: Sim) =>
  nodes
    .slice(0, plan.setting.nodes)
    .filter(({ nodeId }) => !suspendedNodes.has(nodeId))
    .map(({ candidate }) => candidate)

const staleMsMax = 20_000

/** A gateway learns of a new price some seconds late. */
function modelSeen({ models, world }: Sim, { draws }: Task): PricedModel {
  const seenMs = world.nowMs() - draws.below(staleMsMax)
  const seen = models.findLast(({ atMs }) => atMs <= seenMs) ?? models[0]
  if (!seen) throw new Error('the model has no version')
  return seen.model
}

/** Key and body as the HTTP surface hashes them: here they may stand as they are. */
function claimOf(
  { idempotencyKey, variant }: RequestBody,
  accountId: string,
  nowMs: number,
): IdempotencyClaim | undefined {
  if (idempotencyKey === null) return undefined
  return {
    claimHash: `${accountId} ${idempotencyKey}`,
    fingerprint: `body ${variant}`,
    nowSec: Math.floor(nowMs / 1000),
    expiresAtSec: Math.ceil((nowMs + claimLifeMs) / 1000),
  }
}
