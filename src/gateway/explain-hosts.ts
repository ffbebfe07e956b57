/**
 * Every profile of a model, with what keeps it from a request. Whether policy removes one is asked of the
 * request's own plan, over a pool of that one alone; how likely it is chosen, by drawing many times.
 */
import type { PricedModel } from '../catalogue/model.ts'
import { runbookOf } from '../fleet/blockers.ts'
import { pageOfFleet } from '../fleet/fleet-page.ts'
import {
  type Candidate,
  type JudgedProfile,
  judgeNode,
  type PoolShard,
  toCandidate,
} from '../fleet/pool.ts'
import type { FleetStore } from '../fleet/ports.ts'
import { hostPausedBy } from '../incidents/paused.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import type { Page } from '../ledger/ports.ts'
import { formatUsd } from '../money/nano-usd.ts'
import type { Price } from '../money/price.ts'
import type { Random } from '../protocol/clock.ts'
import type { ApiError } from '../protocol/errors.ts'
import { type PauseDeps, withoutPaused } from './paused.ts'
import type { Plan } from './plan.ts'
import type { Work } from './work.ts'

export type ExplainHostsDeps = PauseDeps & {
  readonly fleet: Pick<FleetStore, 'rows' | 'readFleetState'>
  readonly random: Random
}

export type Market = {
  readonly models: readonly PricedModel[]
  readonly model: PricedModel
  /** The candidates that the request would choose among; undefined where it gets no further. */
  readonly shard: PoolShard | undefined
}

type Explained = {
  readonly work: Work
  readonly key: CustomerKey
  readonly market: Market
  readonly plan: Plan | undefined
}

/** Enough to tell one in ten from one in five. */
const draws = 100

/** Undefined where no node is the cursor. */
export async function explainHosts(
  deps: ExplainHostsDeps,
  { work, market, plan }: Explained,
  page: Page,
): Promise<object | undefined> {
  const { models, model, shard } = market
  const [{ grace }, incidents] = await Promise.all([
    deps.fleet.readFleetState(),
    deps.readIncidents(),
  ])
  const nowMs = deps.nowMs()
  const chances = shard ? chancesIn(withoutPaused(shard, incidents, nowMs), work, deps.random) : []
  const alone = { model, builtAtMs: nowMs, grace, shards: 1, excludedBy: [] }
  const row = (judged: JudgedProfile) => {
    const candidate = toCandidate(judged)
    const incident = candidate && hostPausedBy(incidents, candidate, nowMs)
    const judgedAlone = candidate
      ? work.plan({ ...alone, candidates: [candidate] }, deps.random)
      : undefined
    const isThis = isOf(judged)
    const chance = chances.find(isThis)
    const position = plan?.candidates.findIndex(isThis) ?? -1
    return {
      ...toWireProfile(judged),
      // Without evidence it is no candidate, and there is nothing to ask the policy about.
      removed_by: judgedAlone && !judgedAlone.ok ? reasonsOf(judgedAlone.error) : [],
      incident_id: incident?.incidentId ?? null,
      price: judgedAlone?.ok ? toWirePrice(judgedAlone.value.candidates[0]?.price) : null,
      in_view: shard?.candidates.some(isThis) ?? false,
      /** In this draw; from 1. */
      position: position < 0 ? null : position + 1,
      would_be_tried: position >= 0,
      chance_first: (chance?.first ?? 0) / draws,
      chance_tried: (chance?.tried ?? 0) / draws,
    }
  }
  const found = await pageOfFleet(deps.fleet.rows(), page, (fleetRow) =>
    judgeNode(fleetRow, models, { nowMs, grace })
      .filter(({ profile }) => profile.model === model.id)
      .map(row),
  )
  if (!found) return undefined
  const { items: data, next } = found
  return { object: 'list', data, has_more: next !== undefined, next: next ?? null }
}

type Named = Pick<Candidate, 'nodeId' | 'profileId'>

const isOf =
  ({ node, profile }: JudgedProfile) =>
  ({ nodeId, profileId }: Named): boolean =>
    nodeId === node.nodeId && profileId === profile.profileId

type Chance = Named & { readonly first: number; readonly tried: number }

/** How often each is chosen first, and at all, when the same request is drawn for again and again. */
function chancesIn(shard: PoolShard, work: Work, random: Random): readonly Chance[] {
  const chances = new Map<string, Chance>()
  for (let draw = 0; draw < draws; draw += 1) {
    const planned = work.plan(shard, random)
    // What is refused once is refused every time: only the order is a matter of chance.
    if (!planned.ok) return []
    for (const [place, { nodeId, profileId }] of planned.value.candidates.entries()) {
      const name = `${nodeId} ${profileId}`
      const { first, tried } = chances.get(name) ?? { first: 0, tried: 0 }
      const isFirst = place === 0 ? 1 : 0
      chances.set(name, { nodeId, profileId, first: first + isFirst, tried: tried + 1 })
    }
  }
  return [...chances.values()]
}

/** A candidate that is alone is refused for its own reasons, or the request is for everybody's. */
function reasonsOf({ code, detail }: ApiError): readonly unknown[] {
  const availability = detail?.availability
  const reasons =
    typeof availability === 'object' && availability !== null && 'excluded_by' in availability
      ? availability.excluded_by
      : undefined
  return Array.isArray(reasons) ? reasons : [code]
}

function toWireProfile({ node, profile, eligibility }: JudgedProfile) {
  const { blockers } = eligibility
  return {
    object: 'route_candidate',
    node_id: node.nodeId,
    alias: node.alias,
    owner_id: node.ownerId,
    node_status: node.status,
    ...eligibility,
    runbooks: Object.fromEntries(blockers.map(({ code }) => [code, runbookOf(code)])),
    route_tier: profile.routeTier,
    trust_tier: node.trustTier,
    region: node.region ?? null,
  }
}

function toWirePrice(price: Price | undefined) {
  if (!price) return null
  return {
    prompt_usd_per_mtok: formatUsd(price.promptNanoUsdPerMTok),
    cached_prompt_usd_per_mtok: formatUsd(price.cachedPromptNanoUsdPerMTok),
    completion_usd_per_mtok: formatUsd(price.completionNanoUsdPerMTok),
    unit_usd: price.unitNanoUsd === undefined ? null : formatUsd(price.unitNanoUsd),
  }
}
