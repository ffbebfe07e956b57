/**
 * Operators' pauses, where requests are dispatched: whoever or whatever an incident pauses gets nothing
 * from the moment on at which this process knows of it, and what runs already is left to end.
 */
import type { PoolShard } from '../fleet/pool.ts'
import type { ActiveIncident } from '../incidents/incident.ts'
import { hostPausedBy, incidentError, type Pausable, pausedBy } from '../incidents/paused.ts'
import type { ReadIncidents } from '../incidents/ports.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { InvariantError } from '../protocol/assert.ts'
import type { NowMs, Random } from '../protocol/clock.ts'
import { type Result, refuse } from '../protocol/result.ts'
import type { Plan } from './plan.ts'
import type { Work } from './work.ts'

/** Of the cache in front of the incidents: with the next bound, a pause is honoured within 5 s. */
export const incidentsFreshMs = 4_000
/** A host that is asked first is looked up again for a request that is older than this; every later host is. */
export const pauseKnownForMs = 1_000

export type PauseDeps = {
  /** Kept for `incidentsFreshMs` at most. */
  readonly readIncidents: ReadIncidents
  readonly nowMs: NowMs
}

type Asked = {
  readonly work: Pick<Work, 'plan'>
  readonly shard: PoolShard
  readonly key: Pick<CustomerKey, 'accountId'>
}

/** A plan among what is not paused. Where nobody can say what is, nothing is dispatched. */
export async function planUnpaused(
  deps: PauseDeps & { readonly random: Random },
  { work, shard, key }: Asked,
): Promise<Result<Plan>> {
  const incidents = await known(deps)
  if (!incidents) return refuse('ledger_unavailable', { retryAfterSec: 5 })
  const nowMs = deps.nowMs()
  const asker = { model: shard.model.id, accountId: key.accountId }
  const paused = pausedBy(incidents, asker, nowMs)
  if (paused) return { ok: false, error: incidentError(paused, nowMs) }
  const open = withoutPaused(shard, incidents, nowMs)
  const planned = work.plan(open, deps.random)
  if (planned.ok || planned.error.code !== 'no_eligible_host' || open === shard) return planned
  // Whoever would be served but for the pause is told of it and not of a lack of hosts.
  const otherwise = work.plan(shard, deps.random)
  const [host] = otherwise.ok ? otherwise.value.candidates : []
  const incident = host && hostPausedBy(incidents, host, nowMs)
  return incident ? { ok: false, error: incidentError(incident, nowMs) } : planned
}

/** The same shard where none of its hosts is paused. */
export function withoutPaused(
  shard: PoolShard,
  incidents: readonly ActiveIncident[],
  nowMs: number,
): PoolShard {
  if (incidents.length === 0) return shard
  const candidates = shard.candidates.filter((one) => !hostPausedBy(incidents, one, nowMs))
  if (candidates.length === shard.candidates.length) return shard
  return {
    ...shard,
    candidates,
    excludedBy: [...new Set([...shard.excludedBy, 'incident' as const])],
  }
}

/** Whether a host may still be asked for this request, some time after it was chosen. */
export async function isStillOpen(
  deps: PauseDeps,
  host: Pausable,
  { shard, key }: Omit<Asked, 'work'>,
): Promise<boolean> {
  const incidents = await known(deps)
  if (!incidents) return false
  const nowMs = deps.nowMs()
  const asker = { model: shard.model.id, accountId: key.accountId }
  return !pausedBy(incidents, asker, nowMs) && !hostPausedBy(incidents, host, nowMs)
}

async function known({ readIncidents }: PauseDeps) {
  try {
    return await readIncidents()
  } catch (error) {
    if (error instanceof InvariantError) throw error
    return undefined
  }
}
