/**
 * Judges every profile and writes what the gateway reads: the pool shards per model and the public
 * catalogue. Written anew each pass, so a lost pass leaves nothing to repair.
 */
import type { PricedModel } from '../catalogue/model.ts'
import { type ExcludedBy, excludedBy } from '../fleet/blockers.ts'
import { median } from '../fleet/median.ts'
import { type Candidate, judgeNode, toCandidate, toShards } from '../fleet/pool.ts'
import type { CatalogueStore, FleetStore, PoolStore, PublicModel } from '../fleet/ports.ts'
import type { NowMs } from '../protocol/clock.ts'

export type RecomputeDeps = {
  readonly fleet: Pick<FleetStore, 'rows' | 'readFleetState'>
  readonly catalogue: Pick<CatalogueStore, 'listModels'>
  readonly pool: Pick<PoolStore, 'writeShards' | 'writePublicCatalogue'>
  readonly nowMs: NowMs
}

export type RecomputeReport = { readonly profiles: number; readonly eligible: number }

type ModelPool = { readonly candidates: Candidate[]; readonly excludedBy: Set<ExcludedBy> }

export async function recomputeEligibility(deps: RecomputeDeps): Promise<RecomputeReport> {
  const [models, { grace }] = await Promise.all([
    deps.catalogue.listModels(),
    deps.fleet.readFleetState(),
  ])
  const pools = new Map<string, ModelPool>(
    models.map((model) => [model.id, { candidates: [], excludedBy: new Set() }]),
  )
  let profiles = 0
  for await (const row of deps.fleet.rows()) {
    for (const judged of judgeNode(row, models, { nowMs: deps.nowMs(), grace })) {
      profiles += 1
      const pool = pools.get(judged.profile.model)
      const candidate = judged.eligibility.eligible ? toCandidate(judged) : undefined
      if (candidate) pool?.candidates.push(candidate)
      for (const { code } of judged.eligibility.blockers) {
        const reason = excludedBy(code)
        if (reason) pool?.excludedBy.add(reason)
      }
    }
  }
  const builtAtMs = deps.nowMs()
  for (const model of models) {
    const { candidates, excludedBy: reasons } = poolOf(pools, model)
    const shards = toShards(
      model,
      { candidates, excludedBy: [...reasons] },
      { nowMs: builtAtMs, grace },
    )
    await deps.pool.writeShards(model.id, shards)
  }
  const listed = models.flatMap((model) => publicModel(model, poolOf(pools, model).candidates))
  await deps.pool.writePublicCatalogue({ builtAtMs, models: listed })
  const eligible = [...pools.values()].reduce((sum, pool) => sum + pool.candidates.length, 0)
  return { profiles, eligible }
}

function poolOf(pools: ReadonlyMap<string, ModelPool>, model: PricedModel): ModelPool {
  return pools.get(model.id) ?? { candidates: [], excludedBy: new Set() }
}

/** A model is listed while at least one profile of it is eligible. */
function publicModel(model: PricedModel, candidates: readonly Candidate[]): PublicModel[] {
  if (candidates.length === 0) return []
  const quantizationOf = new Map(
    model.profiles.map((profile) => [profile.artifact.digest, profile.artifact.quantization]),
  )
  const quantizations = candidates.flatMap(
    (candidate) => quantizationOf.get(candidate.artifactDigest) ?? [],
  )
  return [
    {
      model,
      eligibleHosts: new Set(candidates.map((candidate) => candidate.nodeId)).size,
      firstContentP50Ms: median(candidates.map((candidate) => candidate.firstContentP50Ms)),
      tokensPerSecondP50: median(candidates.map((candidate) => candidate.tokensPerSecondP50)),
      quantizations: [...new Set(quantizations)],
    },
  ]
}
