/**
 * Reads live speeds off accrued receipts, so that the path of a request does nothing for it. A page
 * is told once, or not at all where its process ended; what is told again is known by its id.
 */
import { foldSpeeds } from '../fleet/live-speed.ts'
import type { FleetStore } from '../fleet/ports.ts'
import type { AccruedPage } from '../ledger/accrue.ts'
import type { Decision } from '../ledger/ports.ts'

export type LiveSpeedDeps = {
  readonly fleet: Pick<FleetStore, 'readProfile' | 'changeLiveSpeed'>
  readonly onFailure: (failure: { readonly nodeId: string; readonly error: unknown }) => void
}

/**
 * Shorter answers say more about a single network round than about a GPU. Documents have no completion at
 * all: they come at once, and how long each took depends on what was asked.
 */
const tokensMin = 16
const streamedMsMin = 50
/** Accounts are accrued a few at a time, and each may fold into the same profile. */
const triesMax = 4

/**
 * One write per profile that the page speaks of; never rejects. A node's own owner may ask whatever is fast, so
 * such requests prove no speed.
 */
export async function observeLiveSpeed(deps: LiveSpeedDeps, page: AccruedPage): Promise<void> {
  const last = page.decisions.at(-1)
  if (!last) return
  const pageId = `${last.accountId} ${last.holdId}`
  const samples = page.decisions
    .flatMap((decision) => speedOf(decision) ?? [])
    .filter(({ nodeId }) => !page.ownNodes.has(nodeId))
  const byProfile = Map.groupBy(samples, ({ nodeId, profileId }) => `${nodeId} ${profileId}`)
  for (const group of byProfile.values()) {
    const [first] = group
    if (!first) continue
    try {
      await fold(deps, first, pageId, group)
    } catch (error) {
      deps.onFailure({ nodeId: first.nodeId, error })
    }
  }
}

export type SpeedSample = {
  readonly nodeId: string
  readonly profileId: string
  readonly benchmarkId: string
  readonly tokensPerSecond: number
}

/** Undefined where a receipt tells no speed: nothing came, or too little. */
export function speedOf({ receipt }: Decision): SpeedSample | undefined {
  const { served, result, timings } = receipt.body
  const node = receipt.private.attempts.find(({ outcome }) => outcome === 'served')
  if (!served || !node || result.status !== 'completed') return undefined
  const { first_content_ms: firstMs, total_ms: totalMs } = timings
  const tokens = served.usage.billed.completion
  if (firstMs === null || totalMs === null || tokens < tokensMin) return undefined
  // A customer who asked for several answers at once was served several streams at once.
  const streamedMs = totalMs - firstMs
  if (streamedMs < streamedMsMin) return undefined
  return {
    nodeId: node.node_id,
    profileId: served.profile_id,
    benchmarkId: served.benchmark_id,
    tokensPerSecond: (tokens * 1000) / streamedMs,
  }
}

/** Speeds count beside the benchmark under which they were sold; those under an older one are late. */
async function fold(
  { fleet }: LiveSpeedDeps,
  { nodeId, profileId }: SpeedSample,
  pageId: string,
  group: readonly SpeedSample[],
): Promise<void> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const profile = await fleet.readProfile(nodeId, profileId)
    const benchmark = profile?.benchmark
    const tokensPerSecond = group
      .filter(({ benchmarkId }) => benchmarkId === benchmark?.benchmarkId)
      .map((sample) => sample.tokensPerSecond)
    if (!profile || !benchmark || tokensPerSecond.length === 0) return
    const from = profile.liveSpeed
    const to = foldSpeeds(from, benchmark, { pageId, tokensPerSecond })
    if (!to || (await fleet.changeLiveSpeed(profile, { from, to }))) return
  }
}
