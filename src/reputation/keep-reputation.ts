/** Adds what was seen to what is known of a node, however many writers do so at once. */
import type { AccruedPage } from '../ledger/accrue.ts'
import type { NowMs } from '../protocol/clock.ts'
import { type SeenOfNode, seenIn } from './events-of.ts'
import type { ReputationStore } from './ports.ts'
import { type ReputationEvent, scoreOf, withEvents } from './reputation.ts'

export type KeepDeps = {
  readonly reputations: ReputationStore
  readonly nowMs: NowMs
  /** What could not be added is lost, and said. */
  readonly onFailure: (failure: { readonly nodeId: string; readonly error: unknown }) => void
}

const attemptsMax = 5

/** Of a page of decided requests. Never rejects: the money of that page has moved. */
export async function learnFromPage(deps: KeepDeps, page: AccruedPage): Promise<void> {
  for (const [nodeId, seen] of seenIn(page)) await keep(deps, nodeId, seen)
}

/** A spot check is clear evidence, as much as three ordinary requests. */
const spotCheckWeight = 3

export async function learnFromSpotCheck(
  deps: KeepDeps,
  { nodeId, atMs, hasPassed }: { nodeId: string; atMs: number; hasPassed: boolean },
): Promise<void> {
  const event: ReputationEvent = {
    atMs,
    reason: hasPassed ? 'spot_check_passed' : 'spot_check_failed',
    count: 1,
    weight: spotCheckWeight,
  }
  await keep(deps, nodeId, { events: [event], paidRequests: 0 })
}

async function keep(deps: KeepDeps, nodeId: string, seen: SeenOfNode): Promise<void> {
  if (seen.events.length === 0 && seen.paidRequests === 0) return
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const { reputation: before, version } = await deps.reputations.readReputation(nodeId)
      const reputation = withEvents(before, seen.events, seen.paidRequests)
      const score = scoreOf(reputation, deps.nowMs())
      const change = { reputation, fromVersion: version, score }
      if (await deps.reputations.writeReputation(change)) return
    }
    throw new Error('Others kept changing this reputation.')
  } catch (error) {
    deps.onFailure({ nodeId, error })
  }
}
