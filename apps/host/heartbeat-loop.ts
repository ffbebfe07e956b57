/**
 * Beats as the server dictates. The loop reads snapshots that others refresh (runtimes, GPUs), so
 * nothing but ingest itself can delay a beat, and no failure of anything ends it.
 */
import type { Random } from '../../src/protocol/clock.ts'
import type {
  Heartbeat,
  HeartbeatReply,
  HostFacts,
  InventoryModel,
} from '../../src/protocol/heartbeat.ts'
import { backoffMs, jitteredMs } from './backoff.ts'
import type { Clock, ServerClock } from './clock.ts'
import type { Answer, ControlPlane } from './control-plane.ts'
import type { Log } from './log.ts'
import type { NodeState } from './node-state.ts'
import type { Enrolment, StateStore } from './state-file.ts'
import { messageOf } from './stated-error.ts'

/** Whatever is dictated, the loop neither spins nor falls silent for good. */
const intervalMsMin = 100
const intervalMsMax = 10 * 60_000
/** An interval so short that spreading the first beats of a fleet is not what it is for. */
const shortIntervalMs = 5_000
/** Beats that are asked for come no closer than this, however often they are asked for. */
const nudgedMsMin = 5_000

export type BeatStamp = {
  readonly seq: number
  readonly sent_at_ms: number
  readonly clock_offset_ms: number
}

export type HeartbeatLoopDeps = {
  readonly controlPlane: Pick<ControlPlane, 'heartbeat' | 'inventory'>
  readonly compose: (stamp: BeatStamp, models: readonly InventoryModel[]) => Heartbeat
  readonly inventoryModels: () => readonly InventoryModel[]
  readonly hostFacts: () => HostFacts
  /** What else a reply asks of the agent; it must not throw and nothing waits for it. */
  readonly onReply?: (reply: HeartbeatReply) => void
  readonly enrolment: () => Enrolment
  readonly state: StateStore
  readonly nodeState: NodeState
  readonly clock: Clock
  readonly serverClock: ServerClock
  readonly random: Random
  readonly log: Log
}

type Sent = {
  readonly seq: number
  /** Those whose digest the beat named; the monitor may know others by now. */
  readonly models: readonly InventoryModel[]
  readonly answer: Answer<HeartbeatReply>
}

export type HeartbeatLoop = {
  /** Beats until `stop` aborts, then once more, so that a node that drains is known to drain. */
  readonly run: (stop: AbortSignal) => Promise<void>
  /** Something changed that the control plane should know before the next beat is due. */
  readonly nudge: () => void
}

export function makeHeartbeatLoop(deps: HeartbeatLoopDeps): HeartbeatLoop {
  const { state, clock, serverClock, nodeState, log, random } = deps
  const intervalMs = () =>
    Math.min(intervalMsMax, Math.max(intervalMsMin, deps.enrolment().next_in_ms))
  let nudged = new AbortController()
  let beatAtMs = Number.NEGATIVE_INFINITY
  let failures = 0
  let resumed = false
  let lastCode: string | undefined

  async function send(): Promise<Sent> {
    let seq = 0
    let models: readonly InventoryModel[] = []
    const answer = await deps.controlPlane.heartbeat(() => {
      seq = Math.max(state.get().last_seq + 1, serverClock.nowMs())
      models = deps.inventoryModels()
      const sent_at_ms = serverClock.nowMs()
      return deps.compose({ seq, sent_at_ms, clock_offset_ms: serverClock.offsetMs() }, models)
    }, deps.enrolment().stage)
    return { seq, models, answer }
  }

  /** A clock that went back leaves our sequence behind the server's; it says where to go on. */
  async function sendAndResume(): Promise<Sent> {
    const sent = await send()
    if (sent.answer.ok || sent.answer.error.code !== 'seq_replay' || resumed) return sent
    const { lastSeq } = sent.answer.error
    if (lastSeq === undefined) return sent
    resumed = true
    state.update({ last_seq: Math.max(lastSeq, state.get().last_seq) })
    log('seq_resumed', { last_seq: lastSeq })
    return send()
  }

  function record({ seq, answer }: Sent): void {
    const code = answer.ok ? 'ok' : answer.error.code
    const message = answer.ok ? '' : answer.error.message
    if (code !== lastCode) log('heartbeat', { code, message, seq })
    lastCode = code
    const last_beat = { at_ms: serverClock.nowMs(), code, message }
    if (!answer.ok) {
      state.update({ last_beat })
      return
    }
    const { route_epoch, eligibility, next_in_ms } = answer.value
    state.update({
      last_beat,
      last_seq: seq,
      eligibility,
      clock_offset_ms: serverClock.offsetMs(),
      enrolment: { ...deps.enrolment(), route_epoch, next_in_ms },
    })
  }

  async function sendInventory({ seq, models }: Sent): Promise<void> {
    const { node_id, stage } = deps.enrolment()
    const document = { v: 1 as const, node_id, seq, models: [...models], facts: deps.hostFacts() }
    const answer = await deps.controlPlane.inventory(document, stage)
    // A refusal needs no retry of its own: the next reply asks again.
    log('inventory', { models: models.length, code: answer.ok ? 'ok' : answer.error.code })
  }

  /** How long to wait before the next beat. */
  async function beat(): Promise<number> {
    const startedMs = clock.monotonicMs()
    const sent = await sendAndResume()
    record(sent)
    const { answer } = sent
    if (!answer.ok && answer.error.code !== 'pending_approval') {
      failures += 1
      const retryAfterMs = answer.error.retryAfterMs ?? 0
      return backoffMs(failures, { random, intervalMs: intervalMs(), retryAfterMs })
    }
    failures = 0
    if (answer.ok) {
      nodeState.contact()
      deps.onReply?.(answer.value)
      if (answer.value.need.includes('inventory')) await sendInventory(sent)
    }
    const spentMs = clock.monotonicMs() - startedMs
    return Math.max(0, jitteredMs(intervalMs(), random) - spentMs)
  }

  async function beatSafely(): Promise<number> {
    nudged = new AbortController()
    beatAtMs = clock.monotonicMs()
    try {
      return await beat()
    } catch (error) {
      failures += 1
      log('heartbeat_bug', { message: messageOf(error) })
      return backoffMs(failures, { random, intervalMs: intervalMs() })
    }
  }

  /** A fleet that was restarted as one spreads out; a node that never beat is no fleet. */
  function firstWaitMs(): number {
    const isSpread = state.get().last_beat !== null && intervalMs() > shortIntervalMs
    return isSpread ? Math.round(random() * intervalMs()) : 0
  }

  async function rest(waitMs: number, stop: AbortSignal): Promise<void> {
    if (waitMs <= 0) return
    await clock.sleep(waitMs, AbortSignal.any([stop, nudged.signal]))
    if (!nudged.signal.aborted) return
    const tooSoonMs = beatAtMs + nudgedMsMin - clock.monotonicMs()
    if (tooSoonMs > 0) await clock.sleep(Math.min(tooSoonMs, waitMs), stop)
  }

  return {
    run: async (stop) => {
      let waitMs = firstWaitMs()
      while (!stop.aborted) {
        await rest(waitMs, stop)
        if (!stop.aborted) waitMs = await beatSafely()
      }
      await beatSafely()
    },
    nudge: () => nudged.abort(),
  }
}
