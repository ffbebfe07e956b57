/**
 * Claims of a host whose dispatch was lost with its gateway. Each is judged by itself and answered in
 * its place; a batch sent again after a lost reply finds what the first one wrote.
 */
import { type PricedModel, priceFor } from '../catalogue/model.ts'
import type { FleetRow } from '../fleet/pool.ts'
import type { CatalogueStore, FleetStore } from '../fleet/ports.ts'
import { isoTime } from '../http/iso-time.ts'
import { parseJson } from '../http/read-json.ts'
import type { Log } from '../http/surface.ts'
import type { LateClaim } from '../ledger/journal-ports.ts'
import {
  claimLate,
  type LateClaimDeps as LedgerDeps,
  type VerifiedClaim,
} from '../ledger/late-claim.ts'
import type { AccountStore } from '../ledger/ports.ts'
import { formatUsd } from '../money/nano-usd.ts'
import { absurd } from '../protocol/assert.ts'
import type { SignedHttpRequest } from '../protocol/http-signature.ts'
import {
  type LateClaimAnswer,
  LateClaimBatch,
  type LateClaimOffer,
  type LateClaimReply,
} from '../protocol/late-claims.ts'
import type { PublishedKeys } from '../protocol/published-keys.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { Ticket } from '../protocol/ticket.ts'
import { checkOffer } from './late-claim-offer.ts'
import { type AuthenticateDeps, authenticate } from './signed-request.ts'

export type LateClaimDeps = AuthenticateDeps &
  Omit<LedgerDeps, 'suspendNode' | 'suspendAccount'> & {
    readonly publishedKeys: PublishedKeys
    readonly catalogue: Pick<CatalogueStore, 'readVersion'>
    readonly fleet: Pick<FleetStore, 'changeStatus'>
    readonly accounts: Pick<AccountStore, 'setStatus'>
    readonly log: Log
  }

/** Hosts wait 5 s for an answer: what is not judged by then is offered again. */
const judgingMs = 3_000

export async function takeLateClaims(
  deps: LateClaimDeps,
  request: SignedHttpRequest,
): Promise<Result<LateClaimReply>> {
  const startedAtMs = deps.nowMs()
  const caller = await authenticate(deps, request, 'claims')
  if (!caller.ok) return caller
  const batch = parseJson(request.body, LateClaimBatch)
  if (!batch.ok) return batch
  const { row } = caller.value
  if (batch.value.node_id !== row.node.nodeId) return refuse('invalid_value', { param: 'node_id' })
  const claims: LateClaimAnswer[] = []
  // One after another: the claims of one node meet on its bounds for the day.
  for (const value of batch.value.claims) {
    const isInTime = deps.nowMs() - startedAtMs <= judgingMs
    claims.push(await answerTo(deps, row, { value, isInTime }))
  }
  return ok({ ok: true, server_time_ms: deps.nowMs(), claims })
}

async function answerTo(
  deps: LateClaimDeps,
  row: FleetRow,
  { value, isInTime }: { readonly value: unknown; readonly isInTime: boolean },
): Promise<LateClaimAnswer> {
  const checked = checkOffer(value, { ...deps, node: row.node })
  if (checked.kind === 'refused') return refused(checked.ticketHash, checked.reason)
  const { ticketHash, offer } = checked
  if (!isInTime) return undecided(ticketHash)
  const verified = await verifiedClaim(deps, row, { ticketHash, offer })
  const claimed = await claimLate(withSuspensions(deps), verified)
  switch (claimed.kind) {
    case 'escrowed':
      return toWireClaim(claimed.claim)
    case 'refused':
      return refused(ticketHash, claimed.reason)
    case 'unavailable':
      return undecided(ticketHash)
    default:
      return absurd(claimed)
  }
}

/** Who claims too much, or is claimed on too often, waits for the operator; the line tells of whom. */
function withSuspensions(deps: LateClaimDeps): LedgerDeps {
  return {
    ...deps,
    suspendNode: async (nodeId) => {
      const suspension = { reason: 'late_claims', atMs: deps.nowMs() } as const
      const from = ['approved', 'active'] as const
      const change = { nodeId, from, to: 'suspended', suspension } as const
      if (!(await deps.fleet.changeStatus(change))) return
      deps.log('late_claims_suspended', { nodeId })
    },
    suspendAccount: async (accountId) => {
      await deps.accounts.setStatus(accountId, 'suspended')
      deps.log('late_claims_suspended', { accountId })
    },
  }
}

async function verifiedClaim(
  deps: LateClaimDeps,
  row: FleetRow,
  { ticketHash, offer }: { readonly ticketHash: string; readonly offer: LateClaimOffer },
): Promise<VerifiedClaim> {
  const { ticket } = offer.ticket
  return {
    ticketHash,
    nodeId: row.node.nodeId,
    holdId: ticket.hold_id,
    maxTokens: ticket.max_tokens,
    choices: ticket.n,
    usage: offer.claim.claim.usage,
    price: await pinnedPrice(deps, row, ticket),
  }
}

/**
 * By the version that the ticket names and the tiers that the node serves the profile in. Undefined
 * where the node serves it no more: then nobody can say in which tier it was sold.
 */
async function pinnedPrice(
  { catalogue }: Pick<LateClaimDeps, 'catalogue'>,
  { node, profiles }: FleetRow,
  { profile_id, artifact_digest, price_version }: Ticket,
): Promise<VerifiedClaim['price']> {
  const profile = profiles.find(
    (one) => one.profileId === profile_id && one.artifactDigest === artifact_digest,
  )
  if (!profile) return undefined
  const model: PricedModel | undefined = await catalogue.readVersion(profile.model, price_version)
  const tiers = { routeTier: profile.routeTier, trustTier: node.trustTier }
  const price = model && priceFor(model, tiers)
  return price && { ...price, hostShareBps: model.host_share_bps }
}

export function toWireClaim(claim: LateClaim): LateClaimAnswer {
  return {
    ticket_hash: claim.ticketHash,
    status: claim.state,
    amount_usd: formatUsd(claim.amount),
    payable_at: isoTime(claim.payableAtMs),
    reason: null,
  }
}

const refused = (ticketHash: string | undefined, reason: string): LateClaimAnswer => ({
  ticket_hash: ticketHash ?? null,
  status: 'refused',
  amount_usd: '0',
  payable_at: null,
  reason,
})

const undecided = (ticketHash: string): LateClaimAnswer => ({
  ticket_hash: ticketHash,
  status: 'retry',
  amount_usd: null,
  payable_at: null,
  reason: null,
})
