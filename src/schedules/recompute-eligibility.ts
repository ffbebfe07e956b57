/**
 * Judges every profile and writes what the gateway reads: the pools and the public catalogue. The
 * fleet goes by once, node by node; what is kept of it is one open shard and some counts per model.
 * Everything is written anew each pass, so a lost pass leaves nothing to repair.
 */
import type { PricedModel } from '../catalogue/model.ts'
import { type ExcludedBy, excludedBy } from '../fleet/blockers.ts'
import { type ModelTotals, makeModelTotals, type Nominee } from '../fleet/model-totals.ts'
import { type Grace, livenessOf, mayServe } from '../fleet/node.ts'
import { type FleetRow, type JudgedProfile, judgeNode, toCandidate } from '../fleet/pool.ts'
import type { CatalogueStore, FleetStore, PoolStore } from '../fleet/ports.ts'
import { type FilledShard, makeShardFiller, type ShardFiller } from '../fleet/shard-filler.ts'
import type { NowMs } from '../protocol/clock.ts'
import { forEachBounded } from './bounded.ts'

export type RecomputeDeps = {
  readonly fleet: Pick<FleetStore, 'rows' | 'readFleetState'>
  readonly catalogue: Pick<CatalogueStore, 'listModels'>
  readonly pool: Pick<PoolStore, 'pack' | 'writeShard' | 'writeHead' | 'writePublicCatalogue'>
  readonly nowMs: NowMs
}

export type RecomputeReport = {
  /** Nodes that beat and should serve: approved, and paused neither by their owner nor for their user. */
  readonly nodesFresh: number
  readonly profiles: number
  readonly eligible: number
  /** Nobody to route to, so that the next run is soon enough; who comes back waits a minute for it. */
  readonly isIdle: boolean
}

/** Writes under way at once, while the next rows are read. */
const concurrency = 8

export async function recomputeEligibility(deps: RecomputeDeps): Promise<RecomputeReport> {
  const builtAtMs = deps.nowMs()
  const [models, { grace }] = await Promise.all([
    deps.catalogue.listModels(),
    deps.fleet.readFleetState(),
  ])
  const pass = openPass(deps, models, grace)
  await forEachBounded(pass.shards(), concurrency, ({ model, index, shard }) =>
    deps.pool.writeShard(model.id, index, shard),
  )
  await forEachBounded(pass.pools, concurrency, ({ model, filler, reasons }) => {
    const head = { model, builtAtMs, grace, shards: filler.count(), excludedBy: [...reasons] }
    return deps.pool.writeHead(head)
  })
  const listed = pass.pools.flatMap(({ totals }) => totals.toPublic() ?? [])
  await deps.pool.writePublicCatalogue({ builtAtMs, models: listed })
  return pass.report()
}

type ModelPool = {
  readonly model: PricedModel
  readonly filler: ShardFiller
  readonly totals: ModelTotals
  readonly reasons: Set<ExcludedBy>
}

type ShardOfModel = FilledShard & { readonly model: PricedModel }

function openPass(deps: RecomputeDeps, models: readonly PricedModel[], grace: Grace | undefined) {
  const pools: ModelPool[] = models.map((model) => ({
    model,
    filler: makeShardFiller(deps.pool.pack),
    totals: makeModelTotals(model),
    reasons: new Set(),
  }))
  const poolOf = new Map(pools.map((pool) => [pool.model.id, pool]))
  let nodesBeating = 0
  let nodesFresh = 0
  let profiles = 0
  let eligible = 0

  function* shardsFilledBy(row: FleetRow): Generator<ShardOfModel> {
    const nowMs = deps.nowMs()
    if (livenessOf(row.hot?.beatAtMs, nowMs) === 'fresh') {
      nodesBeating += 1
      if (shouldServe(row)) nodesFresh += 1
    }
    const judged = judgeNode(row, models, { nowMs, grace })
    profiles += judged.length
    for (const [modelId, ofModel] of Map.groupBy(judged, ({ profile }) => profile.model)) {
      const pool = poolOf.get(modelId)
      if (!pool) continue
      for (const reason of reasonsOf(ofModel)) pool.reasons.add(reason)
      const nominees = ofModel.flatMap(toNominee)
      if (nominees.length === 0) continue
      eligible += nominees.length
      pool.totals.addNode(nominees)
      const filled = pool.filler.add(nominees.map(({ candidate }) => candidate))
      for (const shard of filled) yield { ...shard, model: pool.model }
    }
  }

  return {
    pools,
    /** Every shard of every model, as it is full; the last ones when the fleet has gone by. */
    shards: async function* (): AsyncGenerator<ShardOfModel> {
      for await (const row of deps.fleet.rows()) yield* shardsFilledBy(row)
      for (const { model, filler } of pools) {
        for (const shard of filler.end()) yield { ...shard, model }
      }
    },
    report: (): RecomputeReport => ({
      nodesFresh,
      profiles,
      eligible,
      // A grace may keep candidates whose nodes are not fresh; who beats may serve within the minute.
      isIdle: nodesBeating === 0 && eligible === 0,
    }),
  }
}

/** A host that waits for its approval, or whose owner paused it, is no capacity that went missing. */
const shouldServe = ({ node, hot }: FleetRow): boolean =>
  mayServe(node) && hot?.state !== 'paused_by_owner' && hot?.state !== 'user_active'

function toNominee(judged: JudgedProfile): Nominee[] {
  const candidate = judged.eligibility.eligible ? toCandidate(judged) : undefined
  return candidate ? [{ candidate, profile: judged.profile }] : []
}

const reasonsOf = (judged: readonly JudgedProfile[]): ExcludedBy[] =>
  judged.flatMap(({ eligibility }) =>
    eligibility.blockers.flatMap(({ code }) => excludedBy(code) ?? []),
  )
