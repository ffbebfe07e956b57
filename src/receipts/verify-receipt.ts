/**
 * Checks a receipt offline, with nothing but the receipt and the published keys. Every check has a
 * name, so that a reader sees what was proven and what could not be judged.
 */
import { type NanoUsd, parseUsd } from '../money/nano-usd.ts'
import { chargeFor, type Price, splitCharge } from '../money/price.ts'
import { canonicalJson } from '../protocol/canonical.ts'
import { nodeReceiptHash, verifyClaim } from '../protocol/claim.ts'
import { verifyTagged } from '../protocol/ed25519.ts'
import { nodeIdOf } from '../protocol/node-identity.ts'
import type { PublishedKeys } from '../protocol/published-keys.ts'
import type { ReceiptBody, ReceiptServed, ReceiptView } from '../protocol/receipt.ts'
import { privateHash, receiptHash } from './make-receipt.ts'

export type ReceiptCheck = {
  readonly name: string
  /** `unjudged`: what the check needs is not part of this view. */
  readonly outcome: 'passed' | 'failed' | 'unjudged'
  readonly detail: string
}

export function verifyReceipt(receipt: ReceiptView, published: PublishedKeys): ReceiptCheck[] {
  return [
    checkHash(receipt),
    checkSignature(receipt, published),
    checkCharge(receipt),
    checkSplit(receipt),
    checkHold(receipt),
    checkPrivate(receipt),
    checkNodeId(receipt),
    checkClaim(receipt),
  ]
}

export const isVerified = (checks: readonly ReceiptCheck[]): boolean =>
  checks.every((check) => check.outcome !== 'failed')

function checkHash({ body, receipt_hash }: ReceiptView): ReceiptCheck {
  return judged('hash', receiptHash(body) === receipt_hash, 'the body has the receipt hash')
}

function checkSignature({ body, signature }: ReceiptView, published: PublishedKeys): ReceiptCheck {
  const key = published.keys.find((one) => one.key_id === body.key_id && one.use === 'receipt')
  if (!key || published.stage !== body.stage) {
    return failed('signature', `no published receipt key ${body.key_id} in stage ${body.stage}`)
  }
  const endOfMinuteMs = Date.parse(body.minute) + 60_000
  if (
    endOfMinuteMs < key.not_before_ms ||
    Date.parse(body.minute) > (key.not_after_ms ?? Infinity)
  ) {
    return failed('signature', `key ${body.key_id} was not valid at ${body.minute}`)
  }
  const signed = verifyTagged('b3iq:receipt:v1', body, { publicKey: key.public_key, signature })
  return judged('signature', signed, `signed by the gateway's key ${body.key_id}`)
}

function checkCharge({ body }: ReceiptView): ReceiptCheck {
  const charge = parseUsd(body.charge.charge_usd)
  const follows = charge !== undefined && charge === chargeOfReceipt(body)
  const detail = body.served
    ? 'the charge follows from billed tokens and price'
    : 'nothing served, nothing charged'
  return judged('charge', follows, detail)
}

/** What the receipt's own tokens and prices come to; undefined where a price is no amount. */
export function chargeOfReceipt({ served }: ReceiptBody): NanoUsd | undefined {
  if (!served) return 0n
  const { prompt, cached_prompt: cachedPrompt, completion, units } = served.usage.billed
  const price = priceOf(served)
  return price && chargeFor({ prompt, cachedPrompt, completion, units }, price)
}

function checkSplit({ body }: ReceiptView): ReceiptCheck {
  const charge = parseUsd(body.charge.charge_usd)
  const hostShare = parseUsd(body.charge.host_share_usd)
  const fee = parseUsd(body.charge.fee_usd)
  if (charge === undefined) return failed('split', 'the charge is not an amount')
  const split = splitCharge(charge, body.served?.price.host_share_bps ?? 0)
  const adds = hostShare === split.hostShare && fee === split.fee
  return judged('split', adds, 'host share and fee add up to the charge')
}

function checkHold({ body, private: part }: ReceiptView): ReceiptCheck {
  if (!part) return unjudged('hold', 'the public view does not show the hold')
  const charge = parseUsd(body.charge.charge_usd)
  const hold = parseUsd(part.hold_usd)
  const within = charge !== undefined && hold !== undefined && charge <= hold
  return judged('hold', within, 'the charge is within the hold')
}

function checkPrivate({ body, private: part, salt }: ReceiptView): ReceiptCheck {
  if (!part) return unjudged('private', 'the public view has no private part')
  if (salt === undefined) return unjudged('private', 'needs the salt that only the customer got')
  return judged('private', privateHash(part, salt) === body.private_sha256, 'salted hash matches')
}

function checkNodeId({ private: part }: ReceiptView): ReceiptCheck {
  const served = part?.attempts.find((attempt) => attempt.outcome === 'served')
  if (!part?.node_public_key || !served) return unjudged('node', 'no node in this view')
  const own = nodeIdOf(part.node_public_key) === served.node_id
  return judged('node', own, 'the node id follows from its public key')
}

function checkClaim({ body, private: part }: ReceiptView): ReceiptCheck {
  const named = body.served?.node_receipt_hash
  if (!part || !body.served) return unjudged('claim', 'no node claim in this view')
  if (!part.claim) {
    return named
      ? failed('claim', 'the body names a node claim that the private part lacks')
      : unjudged('claim', 'the node signed no claim')
  }
  const { claim } = part.claim
  const served = part.attempts.find((attempt) => attempt.outcome === 'served')
  const holds =
    verifyClaim(part.claim, part.node_public_key ?? '') &&
    nodeReceiptHash(part.claim) === named &&
    claim.ticket_hash === served?.ticket_hash &&
    claim.node_id === served?.node_id &&
    claim.artifact_digest === body.served.artifact_digest &&
    canonicalJson(claim.usage) === canonicalJson(body.served.usage.claimed)
  return judged('claim', holds, 'the node signed this claim for this ticket and model file')
}

function priceOf({ price }: ReceiptServed): Price | undefined {
  const prompt = parseUsd(price.prompt_usd_per_mtok)
  const cachedPrompt = parseUsd(price.cached_prompt_usd_per_mtok)
  const completion = parseUsd(price.completion_usd_per_mtok)
  const unit = parseUsd(price.unit_usd ?? '0')
  if (prompt === undefined || cachedPrompt === undefined) return undefined
  if (completion === undefined || unit === undefined) return undefined
  return {
    promptNanoUsdPerMTok: prompt,
    cachedPromptNanoUsdPerMTok: cachedPrompt,
    completionNanoUsdPerMTok: completion,
    unitNanoUsd: unit,
  }
}

const judged = (name: string, holds: boolean, detail: string): ReceiptCheck => ({
  name,
  outcome: holds ? 'passed' : 'failed',
  detail,
})
const failed = (name: string, detail: string): ReceiptCheck => judged(name, false, detail)
const unjudged = (name: string, detail: string): ReceiptCheck => ({
  name,
  outcome: 'unjudged',
  detail,
})
