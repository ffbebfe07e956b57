/**
 * A node's models, sent when a beat's reply asked for them. Only the document that the node's last
 * recorded beat names is taken, so that an older one cannot be played back.
 */
import * as z from 'zod'
import type { PricedModel } from '../catalogue/model.ts'
import { mayServe } from '../fleet/node.ts'
import type { FleetStore, Recompute } from '../fleet/ports.ts'
import { checkValue, parseJson } from '../http/read-json.ts'
import { domainHash } from '../protocol/canonical.ts'
import { Inventory } from '../protocol/heartbeat.ts'
import type { SignedHttpRequest } from '../protocol/http-signature.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { makeProfiles, profilesBasisOf } from './node-profiles.ts'
import { type AuthenticateDeps, authenticate } from './signed-request.ts'

export type InventoryDeps = AuthenticateDeps & {
  readonly fleet: Pick<FleetStore, 'readRow' | 'writeProfiles'>
  /** The catalogue, a few seconds old at most. */
  readonly freshCatalogue: () => Promise<readonly PricedModel[]>
  readonly recompute: Recompute
}

export type InventoryReply = {
  readonly ok: true
  readonly profiles: number
  readonly unapproved: number
}

/** As sent: a newer agent's digest covers fields that the schema drops. */
const RawInventory = z.looseObject({ models: z.array(z.unknown()), facts: z.unknown() })

export async function takeInventory(
  deps: InventoryDeps,
  request: SignedHttpRequest,
): Promise<Result<InventoryReply>> {
  const caller = await authenticate(deps, request, 'inventory')
  if (!caller.ok) return caller
  const raw = parseJson(request.body, RawInventory)
  if (!raw.ok) return raw
  const inventory = checkValue(raw.value, Inventory)
  if (!inventory.ok) return inventory
  const { node, hot, profiles: known } = caller.value.row
  const { node_id, seq, models, facts } = inventory.value
  if (node_id !== node.nodeId) return refuse('invalid_value', { param: 'node_id' })
  const isNamed =
    hot?.inventoryDigest === domainHash('b3iq:inventory:v1', raw.value.models) &&
    hot.factsDigest === domainHash('b3iq:host-facts:v1', raw.value.facts)
  if (!hot || seq > hot.seq || !isNamed) {
    return refuse('state_conflict', {
      message: 'The last heartbeat does not name this inventory: beat again, then send it.',
    })
  }
  const sources = { node, hot, catalogue: await deps.freshCatalogue() }
  const { profiles, unapproved } = makeProfiles(models, sources)
  await deps.fleet.writeProfiles(node.nodeId, profiles, {
    basis: profilesBasisOf(sources),
    hostFacts: facts,
  })
  const formerModels = known.map(({ model }) => model)
  if (mayServe(node)) await deps.recompute(node.nodeId, formerModels)
  return ok({ ok: true, profiles: profiles.length, unapproved })
}
