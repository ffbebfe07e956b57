/**
 * Closes yesterday for every host: late claims whose wait is over become payable, and all that is
 * payable starts its way to the host. A node and day are closed once, however often this runs.
 */
import type { ActiveIncident } from '../incidents/incident.ts'
import { payoutPausedBy } from '../incidents/paused.ts'
import type { ReadIncidents } from '../incidents/ports.ts'
import type { ClosingStore, JournalStore } from '../ledger/journal-ports.ts'
import { closePayout, type PayoutDeps, releaseEscrow } from '../ledger/payout.ts'
import { dayMs } from '../protocol/clock.ts'
import { walk } from './walk.ts'

export type ClosePayoutsDeps = PayoutDeps & {
  readonly journal: Pick<JournalStore, 'listEarners'>
  readonly places: Pick<ClosingStore, 'readPlace' | 'writePlace'>
  readonly readIncidents: ReadIncidents
  readonly onFailure: (failure: { readonly nodeId: string; readonly error: unknown }) => void
}

export type ClosePayoutsReport = {
  /** UTC day: `2026-11-21`. */
  readonly period: string
  readonly nodes: number
  readonly released: number
  readonly closed: number
  /** Nodes to which something came between; what is theirs goes with the next day. */
  readonly postponed: number
  readonly failed: number
  /** `incident`: an operator paused payouts; what is payable stays so until a run after it. */
  readonly stopped: 'done' | 'budget' | 'incident'
  /** The incident that stopped it. */
  readonly incidentId: string | null
}

const schedule = 'close-payouts'
const runMs = 10 * 60_000

export async function closePayouts(deps: ClosePayoutsDeps): Promise<ClosePayoutsReport> {
  const startedAtMs = deps.nowMs()
  const period = new Date(startedAtMs - dayMs).toISOString().slice(0, 10)
  const report = { period, nodes: 0, released: 0, closed: 0, postponed: 0, failed: 0 }
  const pause: { by: ActiveIncident | undefined } = { by: undefined }
  const isDone = await walk({
    from: await deps.places.readPlace(schedule),
    list: (page) => deps.journal.listEarners(page),
    isOver: () => pause.by !== undefined || deps.nowMs() - startedAtMs >= runMs,
    // Whoever was passed over while payouts were paused comes first when they are not.
    keepPlace: async (place) => {
      if (!pause.by) await deps.places.writePlace(schedule, place)
    },
    work: async (nodeId) => {
      pause.by ??= payoutPausedBy(await deps.readIncidents(), deps.nowMs())
      if (pause.by) return
      report.nodes += 1
      try {
        report.released += await releaseEscrow(deps, nodeId)
        const { kind } = await closePayout(deps, { nodeId, period })
        if (kind === 'closed') report.closed += 1
        if (kind === 'contended' || kind === 'unavailable') report.postponed += 1
      } catch (error) {
        // One node whose earnings fail an invariant must not keep all others unpaid.
        report.failed += 1
        deps.onFailure({ nodeId, error })
      }
    },
  })
  if (pause.by) return { ...report, stopped: 'incident', incidentId: pause.by.incidentId }
  return { ...report, stopped: isDone ? 'done' : 'budget', incidentId: null }
}
