/**
 * What one node's change does to the pools, at once and without a pass over the fleet: its candidates
 * are replaced in the shards where they lie. A pass that writes at the same time wins; then the node
 * is judged again on top of what that pass wrote.
 */
import { type Candidate, type JudgedProfile, judgeNode, toCandidate } from '../fleet/pool.ts'
import type { CatalogueStore, FleetStore, PoolStore } from '../fleet/ports.ts'
import type { NowMs } from '../protocol/clock.ts'

export type RecomputeNodeDeps = {
  readonly fleet: Pick<FleetStore, 'readRow' | 'readFleetState'>
  readonly catalogue: Pick<CatalogueStore, 'listModels'>
  readonly pool: Pick<PoolStore, 'findShard' | 'replaceShard' | 'pack'>
  readonly nowMs: NowMs
}

/** What became of the node in one model's pool; `left` is for the next pass to do. */
export type NodeOutcome = 'unchanged' | 'replaced' | 'left'

const triesMax = 3

/** By model: those of the node's profiles, and `formerModels`. */
export async function recomputeNode(
  deps: RecomputeNodeDeps,
  nodeId: string,
  formerModels: readonly string[] = [],
): Promise<Readonly<Record<string, NodeOutcome>>> {
  const row = await deps.fleet.readRow(nodeId)
  const served = row?.profiles.map(({ model }) => model) ?? []
  const models = [...new Set([...served, ...formerModels])]
  const outcomes = await Promise.all(
    models.map(async (model) => [model, await placeNode(deps, nodeId, model)] as const),
  )
  return Object.fromEntries(outcomes)
}

async function placeNode(
  deps: RecomputeNodeDeps,
  nodeId: string,
  model: string,
): Promise<NodeOutcome> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const shard = await deps.pool.findShard(model, nodeId)
    if (!shard) return 'left'
    // Judged after the shard was read: what is put onto a pass's work is never older than it.
    const own = await nominees(deps, nodeId, model)
    const others = shard.candidates.filter((candidate) => candidate.nodeId !== nodeId)
    const before = shard.candidates.filter((candidate) => candidate.nodeId === nodeId)
    if (JSON.stringify(before) === JSON.stringify(own)) return 'unchanged'
    const packed = deps.pool.pack([...others, ...own])
    if (!packed) return 'left'
    if (await deps.pool.replaceShard(model, shard, packed)) return 'replaced'
  }
  return 'left'
}

async function nominees(
  { fleet, catalogue, nowMs }: RecomputeNodeDeps,
  nodeId: string,
  model: string,
): Promise<Candidate[]> {
  const [row, models, { grace }] = await Promise.all([
    fleet.readRow(nodeId),
    catalogue.listModels(),
    fleet.readFleetState(),
  ])
  const judged = row ? judgeNode(row, models, { nowMs: nowMs(), grace }) : []
  return judged.filter((one) => one.profile.model === model).flatMap(candidateOf)
}

const candidateOf = (judged: JudgedProfile): Candidate[] => {
  const candidate = judged.eligibility.eligible ? toCandidate(judged) : undefined
  return candidate ? [candidate] : []
}
