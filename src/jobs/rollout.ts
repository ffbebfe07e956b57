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
export const judgedFrom = 10
export const failedShareMax = 0.2
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
  /** How many of `nodeIds` have had their turn. */
  turns: count,
  /** The minute in which jobs were made last, and how many. */
  minute: z.strictObject({ startedAtMs: timeMs, made: count }),
  open: z.array(Place),
  succeeded: count,
  failed: count,
  /** Never begun: the node was away, had too many jobs, or is no more. */
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
    ? { ...tallied, state: 'aborted', endedAtMs: nowMs }
    : tallied
}

function resultOf(job: JobRecord | undefined): 'succeeded' | 'failed' | 'skipped' {
  if (job?.state === 'succeeded') return 'succeeded'
  const wasBegun = job !== undefined && (job.accepted > 0 || job.state === 'rejected')
  return wasBegun && job.state !== 'cancelled' ? 'failed' : 'skipped'
}

/** The nodes whose turn it is: never more within a minute than the rollout allows. */
export function nextTurns(rollout: Rollout, nowMs: number): readonly string[] {
  const { state, perMinute, turns, nodeIds } = rollout
  if (state !== 'running' || nowMs >= rollout.ordered.expiresAtMs) return []
  const room = perMinute - minuteAt(rollout, nowMs).made
  return nodeIds.slice(turns, turns + Math.max(0, room))
}

/** One entry per turn: the node's job, or undefined where it got none. */
export function afterTurns(
  rollout: Rollout,
  made: readonly (z.infer<typeof Place> | undefined)[],
  nowMs: number,
): Rollout {
  const minute = minuteAt(rollout, nowMs)
  const places = made.filter((place) => place !== undefined)
  const moved: Rollout = {
    ...rollout,
    turns: rollout.turns + made.length,
    minute: { ...minute, made: minute.made + made.length },
    open: [...rollout.open, ...places],
    skipped: rollout.skipped + made.length - places.length,
  }
  const isExpired = nowMs >= moved.ordered.expiresAtMs
  const hasTurns = moved.turns < moved.nodeIds.length && !isExpired
  if (moved.state !== 'running' || moved.open.length > 0 || hasTurns) return moved
  return { ...moved, state: 'completed', endedAtMs: nowMs }
}

function minuteAt({ minute }: Rollout, nowMs: number): Rollout['minute'] {
  return nowMs - minute.startedAtMs < minuteMs ? minute : { startedAtMs: nowMs, made: 0 }
}
