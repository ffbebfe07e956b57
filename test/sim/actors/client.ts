/**
 * A customer's program: sends a request, and sends it again where it heard nothing or was told to.
 * What it was told is kept against the ledger.
 */
import type { CompletionEvent } from '../../../src/gateway/completion-event.ts'
import { errorTable } from '../../../src/protocol/errors.ts'
import { noteToldAnswer, noteToldCompleted, noteToldReceipt } from '../checker/answers.ts'
import { makeStream } from '../engine/random.ts'
import type { RequestBody } from '../operations.ts'
import { type GatewayRun, startRun } from './gateway.ts'
import { type Sim, taskOf } from './sim.ts'

export function startClient(sim: Sim, id: string, request: RequestBody): void {
  const { world, plan } = sim
  const draws = makeStream(plan.seed, `${id} client`)
  const dispatches = sim.dispatches.get(id) ?? []
  sim.dispatches.set(id, dispatches)
  let triesLeft = request.retries
  let tries = 0

  const ask = (): void => {
    tries += 1
    const gateway = (request.gateway + draws.below(2) * (tries - 1)) % plan.setting.gateways
    const task = taskOf(sim, sim.processOf(`gateway ${gateway}`), `${id}.${tries}`)
    const patienceMs = draws.pick([4_000, 60_000, plan.setting.deadlineMs + 60_000])
    const goneAfterMs = draws.below(20_000)
    const isGone = draws.chance(sim.rateOf('clientGone'))
    const isLost = draws.chance(sim.rateOf('lostAnswer'))
    const cancelledAfterMs = draws.below(20_000)
    const isCancelled = draws.chance(sim.rateOf('cancelled'))
    let isOver = false
    const giveUp = (): void => {
      if (isOver) return
      isOver = true
      askAgain(500 + draws.below(8_000))
    }
    world.spawn(task, async () => {
      const run = startRun(sim, task, request, (dispatch) => dispatches.push(dispatch))
      if (isGone) {
        sim.checker.count('client: hangs up in the middle')
        world.later(goneAfterMs, 'client hangs up', () =>
          world.spawn(task, async () => run.hangUp()),
        )
      }
      if (isCancelled) {
        sim.checker.count('client: cancels by id')
        world.later(cancelledAfterMs, 'client cancels', () =>
          world.spawn(task, async () => run.cancel()),
        )
      }
      const last = await lastOf(run)
      if (isGone || isLost) return sim.checker.count('client: never hears the end')
      noteTold(sim, run, last)
      if (last.kind !== 'failed' || !errorTable[last.error.code].retryable) isOver = true
      else giveUp()
    })
    world.later(patienceMs, 'client waits no longer', giveUp)
  }

  const askAgain = (afterMs: number): void => {
    if (triesLeft === 0 || sim.isCalm) return
    triesLeft -= 1
    world.later(afterMs, 'client asks again', () => {
      sim.checker.count('client: asks again')
      if (!sim.isCalm) ask()
    })
  }

  ask()
}

type LastEvent = Extract<CompletionEvent, { kind: 'failed' | 'finished' }>

async function lastOf({ events, order }: GatewayRun): Promise<LastEvent> {
  for await (const event of events) {
    if (event.kind === 'failed' || event.kind === 'finished') return event
  }
  throw new Error(`${order.holdId} ended without a last event`)
}

function noteTold(sim: Sim, { order }: GatewayRun, last: LastEvent): void {
  const { checker } = sim
  const { accountId } = order.key
  if (last.settled) {
    checker.count(last.kind === 'finished' ? 'told: finished' : 'told: failed, with a receipt')
    const { receipt, summary } = last.settled
    noteToldReceipt(checker, accountId, { receipt, costUsd: summary.cost_usd })
    if (last.kind === 'finished') noteToldAnswer(checker, order.claim, receipt)
    if (receipt.private.attempts.length > 1) checker.count('told: a receipt with a failover')
    return
  }
  if (last.kind !== 'failed') return
  const { code, detail } = last.error
  const which = detail?.limit ?? detail?.kind
  checker.count(which === undefined ? `told: ${code}` : `told: ${code}, ${which}`)
  if (code !== 'ledger_unavailable') sim.refused.push({ accountId, holdId: order.holdId })
  if (code !== 'idempotency_completed') return
  const holdId = String(detail?.completed_request_id)
  const receiptHash = String(detail?.receipt_hash)
  noteToldCompleted(checker, accountId, order.claim, { holdId, receiptHash })
}
