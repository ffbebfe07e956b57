/**
 * The end of a paid request: usage judged, receipt built, decision and money made durable. Returns
 * what really stands in the ledger, which is the sweeper's decision if that came first.
 */

import { benchmarkPrice } from '../catalogue/model.ts'
import { gatesBitmap } from '../fleet/gates.ts'
import type { PoolShard } from '../fleet/pool.ts'
import type { FinishDeps } from '../ledger/finish.ts'
import { finishHold } from '../ledger/finish.ts'
import type { Hold } from '../ledger/wallet.ts'
import type { TokenCount } from '../metering/tokenizer-count.ts'
import { usageTruth } from '../metering/usage-truth.ts'
import { formatUsd, parseUsd } from '../money/nano-usd.ts'
import { chargeFor } from '../money/price.ts'
import { nodeReceiptHash, type SignedClaim } from '../protocol/claim.ts'
import { durationMs } from '../protocol/clock.ts'
import type { WireUsage } from '../protocol/host-usage.ts'
import type {
  ReceiptAttempt,
  ReceiptBody,
  ReceiptPrivate,
  ReceiptServed,
  StoredReceipt,
} from '../protocol/receipt.ts'
import type { TokenCounts } from '../protocol/usage.ts'
import {
  commitment,
  makeReceipt,
  priceLines,
  type ReceiptSigner,
} from '../receipts/make-receipt.ts'
import type { PricedCandidate } from '../routing/choose.ts'
import { countDelivered } from './count-tokens.ts'
import type { Plan } from './plan.ts'
import type { RelayTotals } from './relay.ts'
import { toWireUsage } from './relay.ts'
import type { Work } from './work.ts'

export type SettleDeps = FinishDeps & { readonly receiptSigner: ReceiptSigner }

/** What is known of a request when it ends. */
export type EndedRequest = {
  readonly holdId: string
  readonly accountId: string
  readonly keyId: string
  readonly startedAtMs: number
  readonly bodySha256: string
  readonly salt: string
  /** As the customer asked: what a host makes of these tokens is cut off. */
  readonly stop: Work['stop']
  readonly shard: PoolShard
  readonly plan: Plan
  readonly hold: Hold
  readonly attempts: readonly ReceiptAttempt[]
  readonly result: ReceiptBody['result']
  readonly firstContentAtMs: number | undefined
  /** Undefined when no host delivered anything. */
  readonly delivery: Delivery | undefined
}

export type Delivery = {
  readonly candidate: PricedCandidate
  readonly totals: RelayTotals
  readonly claim: SignedClaim | undefined
  /** Ran beside the relay; undefined where nothing is counted but bytes. */
  readonly count?: TokenCount | undefined
}

/** What is told of a held request's end, also where the ledger could not be reached to write it. */
export type Settlement = Pick<EndedRequest, 'attempts' | 'firstContentAtMs' | 'result'> & {
  readonly settled: Settled | undefined
}

export type Settled = {
  readonly receipt: StoredReceipt
  /** The final `b3iq` object of the reply. */
  readonly summary: Summary
}

export type Summary = {
  readonly receipt_hash: string
  readonly node_receipt_hash: string | null
  readonly request_id: string
  readonly cost_usd: string
  readonly benchmark_cost_usd: string
  readonly saved_usd: string
  /** Opens the private part; null when the sweeper's receipt stands instead. */
  readonly salt: string | null
  readonly retries: number
  /** Why the answer is shorter than it would have been; null where nobody stopped it. */
  readonly stopped_by: 'cancelled' | 'deadline' | null
  readonly route_tier: string | null
  readonly trust_tier: string | null
  readonly usage: WireUsage & Pick<TokenCounts, 'units'>
}

/** Undefined when the ledger cannot be reached: the sweeper will end the hold. */
export async function settleRequest(
  deps: SettleDeps,
  ended: EndedRequest,
): Promise<Settled | undefined> {
  const served = ended.delivery && (await servedOf(ended, ended.delivery))
  const charge = served && ended.delivery ? chargeOf(served.usage.billed, ended.delivery) : 0n
  const endedAtMs = deps.nowMs()
  const receipt = makeReceipt(
    {
      model: ended.shard.model.id,
      result: ended.result,
      served: served ?? null,
      charge,
      hostShareBps: served?.price.host_share_bps ?? 0,
      endedAtMs,
      firstContentMs:
        ended.firstContentAtMs === undefined
          ? null
          : durationMs(ended.startedAtMs, ended.firstContentAtMs),
      totalMs: durationMs(ended.startedAtMs, endedAtMs),
      private: privateOf(ended),
      salt: ended.salt,
    },
    deps.receiptSigner,
  )
  const { accountId, holdId, hold } = ended
  const decision = { accountId, holdId, nonce: hold.nonce, charge, receipt }
  const finished = await finishHold(deps, hold, decision)
  if (finished.kind === 'unavailable') return undefined
  const standing = finished.decision.receipt
  const summary = summaryOf(standing, ended, finished.wasFirst ? ended.salt : null)
  return { receipt: standing, summary }
}

async function servedOf(ended: EndedRequest, delivery: Delivery): Promise<ReceiptServed> {
  const { candidate, totals, claim } = delivery
  const { plan, shard } = ended
  const { promptBytes: prompt, reasoningBytes: reasoning } = plan
  const bytes = { prompt, reasoning, completion: totals.completionBytes }
  const of = { shard, choices: plan.choices, stop: ended.stop, units: totals.units }
  const { counted, method, bands, unseen } = await countDelivered(of, delivery, bytes)
  // The claim is the host's signed word; usage frames are its unsigned one and never enter a receipt.
  const claimed = claim?.claim.usage ?? null
  const bounds = {
    prompt: plan.promptTokensMax,
    completion: plan.windowTokens * plan.choices,
    images: plan.imageTokensMax,
    choices: plan.choices,
    unseen,
    units: plan.units,
  }
  const { billed, inflated } = usageTruth(claimed, counted, bands, bounds)
  return {
    profile_id: candidate.profileId,
    artifact_digest: candidate.artifactDigest,
    route_tier: candidate.routeTier,
    trust_tier: candidate.trustTier,
    gates: allGatesOpen,
    benchmark_id: candidate.benchmarkId,
    usage: { claimed, counted, billed, count_method: method, inflated },
    price: priceLines(candidate.price, {
      version: shard.model.version,
      hostShareBps: shard.model.host_share_bps,
    }),
    node_receipt_hash: claim ? nodeReceiptHash(claim) : null,
  }
}

/** Only candidates with five open gates are dispatched. */
const allGatesOpen = gatesBitmap({
  fresh: true,
  route: true,
  protocol: true,
  runtime: true,
  policy: true,
})

function privateOf(ended: EndedRequest): ReceiptPrivate {
  const { delivery, salt } = ended
  return {
    request_id: ended.holdId,
    account_id: ended.accountId,
    key_id: ended.keyId,
    hold_usd: formatUsd(ended.hold.amount),
    started_at_ms: ended.startedAtMs,
    attempts: [...ended.attempts],
    node_public_key: delivery?.candidate.publicKey ?? null,
    claim: delivery?.claim ?? null,
    request_commitment: commitment(salt, ended.bodySha256),
    output_commitment: delivery ? commitment(salt, delivery.totals.outputSha256) : null,
  }
}

function chargeOf(billed: TokenCounts, { candidate }: Delivery): bigint {
  return chargeFor(tokensOf(billed), candidate.price)
}

const tokensOf = (counts: TokenCounts) => ({
  prompt: counts.prompt,
  cachedPrompt: counts.cached_prompt,
  completion: counts.completion,
  units: counts.units,
})

const stoppedBy = (error: string | null): Summary['stopped_by'] =>
  error === 'cancelled' || error === 'deadline' ? error : null

const noTokens: TokenCounts = { prompt: 0, cached_prompt: 0, completion: 0 }

function summaryOf(
  { receipt_hash, body }: StoredReceipt,
  ended: EndedRequest,
  salt: string | null,
): Summary {
  const billed: TokenCounts = body.served?.usage.billed ?? noTokens
  const charge = parseUsd(body.charge.charge_usd) ?? 0n
  const benchmark = chargeFor(tokensOf(billed), benchmarkPrice(ended.shard.model))
  return {
    receipt_hash,
    node_receipt_hash: body.served?.node_receipt_hash ?? null,
    request_id: ended.holdId,
    cost_usd: body.charge.charge_usd,
    benchmark_cost_usd: formatUsd(benchmark),
    saved_usd: formatUsd(benchmark - charge),
    salt,
    retries: Math.max(0, ended.attempts.length - 1),
    stopped_by: stoppedBy(body.result.error),
    route_tier: body.served?.route_tier ?? null,
    trust_tier: body.served?.trust_tier ?? null,
    usage: {
      ...toWireUsage(billed),
      ...(billed.units === undefined ? {} : { units: billed.units }),
    },
  }
}
