/** Proves one node's earnings: they are the sum of its entries, and every entry is well-formed. */
import { noEarnings } from '../earnings.ts'
import {
  clearProgress,
  type ProveDeps,
  type Proven,
  readProgress,
  readQuietly,
  settledBefore,
  type Visit,
  writeProgress,
} from './deps.ts'
import { foldHostEntries, judgeEarnings } from './entries.ts'
import { type Discrepancy, discrepancyOf } from './ports.ts'
import { NodeProgress, noHostEntries } from './sums.ts'

export async function proveNode(deps: ProveDeps, nodeId: string, visit: Visit): Promise<Proven> {
  const saved = await readProgress(deps, nodeId, NodeProgress)
  const passed = await passTwice({ ...deps, ...visit, nodeId }, saved ?? begin(false))
  if (passed.kind === 'unfinished') {
    const { progress } = passed
    await writeProgress(deps, nodeId, { schema: NodeProgress, progress })
    return 'unfinished'
  }
  if (saved) await clearProgress(deps, nodeId)
  for (const one of passed.differences) visit.onDiscrepancy(one)
  return passed.isContended ? 'contended' : 'proven'
}

const begin = (isConfirming: boolean): NodeProgress => ({
  v: 1,
  isConfirming,
  entries: noHostEntries,
})

type At = ProveDeps & Visit & { readonly nodeId: string }

type Pass =
  | { readonly kind: 'unfinished'; readonly progress: NodeProgress }
  | {
      readonly kind: 'ended'
      readonly isContended: boolean
      readonly differences: readonly Discrepancy[]
    }

async function passTwice(at: At, progress: NodeProgress): Promise<Pass> {
  const first = await pass(at, progress)
  const isDoubtful = first.kind === 'ended' && first.differences.length > 0
  return isDoubtful && !progress.isConfirming ? pass(at, begin(true)) : first
}

async function pass(visit: At, start: NodeProgress): Promise<Pass> {
  const { nodeId, store, pageSize: limit, budget } = visit
  // The first pass has told what is wrong with single entries.
  const tell = start.isConfirming ? () => undefined : visit.onDiscrepancy
  const of = { kind: 'host', nodeId } as const
  let progress = start
  const fold = (page: Parameters<typeof foldHostEntries>[1]) => {
    const { sums, discrepancies } = foldHostEntries(progress.entries, page, nodeId)
    for (const one of discrepancies) tell(one)
    progress = { ...progress, entries: sums }
  }
  for (let isMore = true; isMore; ) {
    const range = { of, after: progress.entries.through, before: settledBefore(visit), limit }
    const page = await store.entriesBetween(range)
    isMore = page.length === limit
    budget.take(page.length)
    fold(page)
    if (isMore && budget.isSpent()) return { kind: 'unfinished', progress }
  }
  const after = progress.entries.through
  const quiet = await readQuietly(visit, { of, after }, () => store.readEarnings(nodeId))
  if (!quiet) return { kind: 'ended', isContended: true, differences: [] }
  fold(quiet.entries)
  const { at } = quiet
  const differences =
    at?.kind === 'broken'
      ? [discrepancyOf(at)]
      : judgeEarnings(progress.entries, at?.value ?? noEarnings(nodeId))
  return { kind: 'ended', isContended: false, differences }
}
