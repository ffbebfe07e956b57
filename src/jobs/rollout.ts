/**
 * One order for many nodes, a few per minute, given up when too many of them fail. Pure: what was
 * seen of the jobs goes in, what is to be done comes out.
 */
import * as z from 'zod'
import { NodeId } from '../protocol/ids.ts'
import { JobId } from '../protocol/job.ts'
import { limits } from '../protocol/limits.ts'
import { type JobRecord, JobRecord as JobRecordSchema, RolloutId } from './job-record.ts'
import { isOver } from './life-cycle.ts'

const timeMs = z.int().min(0)
const count = z.int().min(0)
const Place = z.strictObject({ nodeId: NodeId, jobId: JobId })

/** Below this many a share says nothing. */
const judgedFrom = 10
const failedShareMax = 0.2
const minuteMs = 60_000

export const Rollout = z.strictObject({
  rolloutId: RolloutId,
  reference: z.string(),
  /** What each node is ordered; its job adds node, id and reference. */
  ordered: JobRecordSchema.pick({
    order: true,
    actor: true,
    approval: true,
    createdAtMs: true,
    notBeforeMs: true,
    expiresAtMs: true,
    timeoutMs: true,
    requires: true,
    preflight: true,
    rollback: true,
  }),
  nodeIds: z.array(NodeId).min(1).max(limits.rolloutNodes),
  perMinute: z.int().min(1),
  createdAtMs: timeMs,
  rev: count,
  state: z.enum(['running', 'completed', 'aborted']),
  /** How many of `nodeIds` have had their turn, or will have none any more. */
  turns: count,
  /** The minute of the clock in which turns were taken last, and how many. */
  minute: z.strictObject({ startedAtMs: timeMs, made: count }),
  /** Had their turn; whether their job is queued yet is not known here. */
  pending: z.array(NodeId),
  open: z.array(Place),
  succeeded: count,
  failed: count,
  /** Never begun: the node was away, had too many jobs, is no more, or its turn never came. */
  skipped: count,
  endedAtMs: timeMs.nullable(),
})
export type Rollout = z.infer<typeof Rollout>

/** As it begins: nothing made, nothing counted. */
export const newRollout = (
  asked: Pick<
    Rollout,
    'rolloutId' | 'reference' | 'ordered' | 'nodeIds' | 'perMinute' | 'createdAtMs'
  >,
): Rollout => ({
  ...asked,
  rev: 1,
  state: 'running',
  turns: 0,
  minute: { startedAtMs: 0, made: 0 },
  pending: [],
  open: [],
  succeeded: 0,
  failed: 0,
  skipped: 0,
  endedAtMs: null,
})

/** What became of jobs that were open, by id; undefined where one is not to be found. */
export type Seen = ReadonlyMap<string, JobRecord | undefined>

/** Counts what has ended, and gives up where too much of it failed. */
export function tallyRollout(rollout: Rollout, seen: Seen, nowMs: number): Rollout {
  const ended = rollout.open.filter(({ jobId }) => {
    const job = seen.get(jobId)
    return seen.has(jobId) && (job === undefined || isOver(job))
  })
  const results = ended.map(({ jobId }) => resultOf(seen.get(jobId)))
  const countOf = (result: ReturnType<typeof resultOf>) =>
    results.filter((one) => one === result).length
  const done = new Set(ended.map(({ jobId }) => jobId))
  const tallied: Rollout = {
    ...rollout,
    open: rollout.open.filter(({ jobId }) => !done.has(jobId)),
    succeeded: rollout.succeeded + countOf('succeeded'),
    failed: rollout.failed + countOf('failed'),
    skipped: rollout.skipped + countOf('skipped'),
  }
  const { state, succeeded, failed } = tallied
  const executed = succeeded + failed
  const mustAbort = executed >= judgedFrom && failed >= failedShareMax * executed
  return state === 'running' && mustAbort
    ? { ...withoutTurns(tallied), state: 'aborted', endedAtMs: nowMs }
    : tallied
}

function resultOf(job: JobRecord | undefined): 'succeeded' | 'failed' | 'skipped' {
  if (job?.state === 'succeeded') return 'succeeded'
  const wasBegun = job !== undefined && (job.accepted > 0 || job.state === 'rejected')
  return wasBegun && job.state !== 'cancelled' ? 'failed' : 'skipped'
}

/** The nodes whose turn it is become pending: never more within a minute than the rollout allows. */
export function takeTurns(rollout: Rollout, nowMs: number): Rollout {
  const { state, perMinute, turns, nodeIds, pending } = rollout
  if (state !== 'running') return rollout
  if (nowMs >= rollout.ordered.expiresAtMs) return completed(withoutTurns(rollout), nowMs)
  const minute = minuteAt(rollout, nowMs)
  // Those that an earlier pass left pending are made now, and count now.
  const room = Math.max(0, perMinute - Math.max(minute.made, pending.length))
  const next = nodeIds.slice(turns, turns + room)
  const taken = {
    ...rollout,
    turns: turns + next.length,
    minute: { ...minute, made: minute.made + next.length },
    pending: [...pending, ...next],
  }
  return completed(taken, nowMs)
}

/** One entry per pending node: its job, or undefined where it got none. */
export function afterQueueing(
  rollout: Rollout,
  made: readonly (z.infer<typeof Place> | undefined)[],
  nowMs: number,
): Rollout {
  const places = made.filter((place) => place !== undefined)
  const queued: Rollout = {
    ...rollout,
    pending: [],
    open: [...rollout.open, ...places],
    skipped: rollout.skipped + made.length - places.length,
  }
  return completed(queued, nowMs)
}

/** How long it takes at the least until the last of so many nodes has had its turn. */
export const turnsTakeMs = (nodes: number, perMinute: number): number =>
  Math.ceil(nodes / perMinute) * minuteMs

/** Nobody who has not had a turn gets one. */
const withoutTurns = (rollout: Rollout): Rollout => ({
  ...rollout,
  turns: rollout.nodeIds.length,
  skipped: rollout.skipped + rollout.nodeIds.length - rollout.turns,
})

function completed(rollout: Rollout, nowMs: number): Rollout {
  const { state, turns, nodeIds, pending, open } = rollout
  const isBusy = turns < nodeIds.length || pending.length > 0 || open.length > 0
  return state !== 'running' || isBusy
    ? rollout
    : { ...rollout, state: 'completed', endedAtMs: nowMs }
}

/** Minutes of the clock: passes come once in each, a little early or late. */
function minuteAt({ minute }: Rollout, nowMs: number): Rollout['minute'] {
  const startedAtMs = nowMs - (nowMs % minuteMs)
  return startedAtMs > minute.startedAtMs ? { startedAtMs, made: 0 } : minute
}
