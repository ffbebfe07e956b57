/**
 * What one node's change does to the pools, at once and without a pass over the fleet: its candidates
 * are replaced in the shards where they lie. A pass that writes at the same time wins; then the node
 * is judged again on top of what that pass wrote.
 */
import { type Candidate, type JudgedProfile, judgeNode, toCandidate } from '../fleet/pool.ts'
import type { CatalogueStore, FleetStore, PoolStore, StoredShard } from '../fleet/ports.ts'
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
  const outcomes: Record<string, NodeOutcome> = {}
  let models = [...new Set([...served, ...formerModels])]
  for (let tries = 0; tries < triesMax && models.length > 0; tries += 1) {
    Object.assign(outcomes, await placeNode(deps, nodeId, models))
    models = models.filter((model) => outcomes[model] === undefined)
  }
  for (const model of models) outcomes[model] = 'left'
  return outcomes
}

/** One try at every model; without an outcome are those whose shard somebody else wrote meanwhile. */
async function placeNode(
  deps: RecomputeNodeDeps,
  nodeId: string,
  models: readonly string[],
): Promise<Readonly<Record<string, NodeOutcome>>> {
  const shards = await Promise.all(
    models.map(async (model) => ({ model, shard: await deps.pool.findShard(model, nodeId) })),
  )
  // Judged after the shards were read: what is put onto a pass's work is never older than it.
  const candidates = await judge(deps, nodeId)
  const outcomes = await Promise.all(
    shards.map(async ({ model, shard }) => {
      const own = candidates.get(model) ?? []
      const outcome = shard ? await placeIn(deps.pool, { model, shard, nodeId, own }) : 'left'
      return outcome === undefined ? [] : [[model, outcome] as const]
    }),
  )
  return Object.fromEntries(outcomes.flat())
}

/** Undefined where the shard is no longer what it was. */
async function placeIn(
  pool: RecomputeNodeDeps['pool'],
  { model, shard, nodeId, own }: Placement,
): Promise<NodeOutcome | undefined> {
  const others = shard.candidates.filter((candidate) => candidate.nodeId !== nodeId)
  const before = shard.candidates.filter((candidate) => candidate.nodeId === nodeId)
  if (JSON.stringify(before) === JSON.stringify(own)) return 'unchanged'
  const packed = pool.pack([...others, ...own])
  if (!packed) return 'left'
  return (await pool.replaceShard(model, shard, packed)) ? 'replaced' : undefined
}

type Placement = {
  readonly model: string
  readonly shard: StoredShard
  readonly nodeId: string
  readonly own: readonly Candidate[]
}

/** The node's candidates by model, all judged at one moment. */
async function judge(
  { fleet, catalogue, nowMs }: RecomputeNodeDeps,
  nodeId: string,
): Promise<ReadonlyMap<string, readonly Candidate[]>> {
  const [row, models, { grace }] = await Promise.all([
    fleet.readRow(nodeId),
    catalogue.listModels(),
    fleet.readFleetState(),
  ])
  const judged = row ? judgeNode(row, models, { nowMs: nowMs(), grace }) : []
  const byModel = Map.groupBy(judged, ({ profile }) => profile.model)
  return new Map([...byModel].map(([model, ofModel]) => [model, ofModel.flatMap(candidateOf)]))
}

const candidateOf = (judged: JudgedProfile): Candidate[] => {
  const candidate = judged.eligibility.eligible ? toCandidate(judged) : undefined
  return candidate ? [candidate] : []
}
