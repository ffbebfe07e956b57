/**
 * Which of a node's models are profiles: those whose very build an operator approved, for a runtime
 * kind that its manifest names. Pure; the rest is ignored and counted.
 */
import { type PricedModel, profileByDigest } from '../catalogue/model.ts'
import { type HotItem, type NodeFacts, type OfferedProfile, routeTierOf } from '../fleet/node.ts'
import { canonicalJson, sha256Hex } from '../protocol/canonical.ts'
import type { InventoryModel } from '../protocol/heartbeat.ts'

export type ProfileSources = {
  readonly node: Pick<NodeFacts, 'nodeId' | 'mode'>
  readonly hot: Pick<HotItem, 'inventoryDigest' | 'factsDigest' | 'queues'>
  readonly catalogue: readonly PricedModel[]
}

/**
 * Digest of all that profiles are made from. While a node's stored one differs, its inventory is
 * asked for: so a newly approved build, another mode or another runtime take effect by themselves.
 */
export function profilesBasisOf({ node, hot, catalogue }: ProfileSources): string {
  const runtimes = Object.entries(hot.queues).map(([id, { kind }]) => [id, kind])
  const models = catalogue.map(({ id, context_length, profiles }) => [
    id,
    context_length,
    profiles.map((one) => [one.profile_id, one.artifact.digest, one.runtime_kinds]),
  ])
  return sha256Hex(
    canonicalJson({
      inventory: hot.inventoryDigest,
      facts: hot.factsDigest,
      mode: node.mode,
      runtimes: Object.fromEntries(runtimes),
      models,
    }),
  )
}

export type MadeProfiles = {
  readonly profiles: readonly OfferedProfile[]
  /** Models of the node that no manifest approves on the runtime that serves them. */
  readonly unapproved: number
}

export function makeProfiles(
  models: readonly InventoryModel[],
  sources: ProfileSources,
): MadeProfiles {
  const offers = models.map((model) => toProfile(model, sources))
  const approved = offers.filter((offer) => offer !== undefined)
  const byId = new Map<string, OfferedProfile>()
  for (const offer of approved) {
    const other = byId.get(offer.profileId)
    if (!other || rank(offer) > rank(other)) byId.set(offer.profileId, offer)
  }
  return { profiles: [...byId.values()], unapproved: offers.length - approved.length }
}

function toProfile(
  model: InventoryModel,
  { node, hot, catalogue }: ProfileSources,
): OfferedProfile | undefined {
  const kind = hot.queues[model.runtime_id]?.kind
  const found = profileByDigest(catalogue, model.artifact.digest)
  if (!kind || !found?.manifest.runtime_kinds.includes(kind)) return undefined
  const catalogued = found.model.context_length
  return {
    nodeId: node.nodeId,
    profileId: found.manifest.profile_id,
    model: found.model.id,
    runtimeId: model.runtime_id,
    runtimeKind: kind,
    routeTier: routeTierOf(node.mode, kind),
    artifactDigest: model.artifact.digest,
    contextLength: Math.min(model.context_length ?? catalogued, catalogued),
    installStatus: model.status,
    remote: model.remote,
    artifactBytes: model.artifact.size_bytes ?? undefined,
  }
}

/** One build may stand twice on a node; the copy that can serve, with more context, is the profile. */
function rank({ installStatus, remote, contextLength }: OfferedProfile): number {
  return installStatus === 'installed' && !remote ? contextLength : 0
}
