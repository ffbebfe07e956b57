/**
 * Builds a receipt: the private part becomes one salted sub-hash, the public body is hashed and
 * signed. Pure: ids, salt and time come in.
 */

import { formatUsd, type NanoUsd } from '../money/nano-usd.ts'
import { type ChargeSplit, type Price, splitCharge } from '../money/price.ts'
import { domainHash, sha256Hex, taggedBytes } from '../protocol/canonical.ts'
import type { Ids } from '../protocol/clock.ts'
import type { Signer } from '../protocol/ed25519.ts'
import type {
  ReceiptBody,
  ReceiptPrivate,
  ReceiptServed,
  StoredReceipt,
} from '../protocol/receipt.ts'

export type ReceiptSigner = {
  readonly stage: string
  readonly keyId: string
  readonly signer: Signer
}

export type ReceiptDraft = {
  readonly model: string | null
  readonly result: ReceiptBody['result']
  readonly served: ReceiptServed | null
  readonly charge: NanoUsd
  readonly hostShareBps: number
  readonly endedAtMs: number
  readonly firstContentMs: number | null
  readonly totalMs: number | null
  readonly private: ReceiptPrivate
  /** Known to the customer alone once the request has ended. */
  readonly salt: string
}

export function makeReceipt(draft: ReceiptDraft, by: ReceiptSigner): StoredReceipt {
  const split = splitCharge(draft.charge, draft.hostShareBps)
  const body: ReceiptBody = {
    v: 1,
    stage: by.stage,
    model: draft.model,
    result: draft.result,
    served: draft.served,
    charge: chargeLines(draft.charge, split),
    minute: `${new Date(draft.endedAtMs).toISOString().slice(0, 16)}Z`,
    timings: { first_content_ms: draft.firstContentMs, total_ms: draft.totalMs },
    private_sha256: privateHash(draft.private, draft.salt),
    key_id: by.keyId,
  }
  // Hash and signature are over the same bytes.
  const bytes = taggedBytes(receiptTag, body)
  return {
    receipt_hash: sha256Hex(bytes),
    body,
    signature: by.signer.signBytes(bytes).toString('base64url'),
    private: draft.private,
  }
}

/** Begins with a letter, so that it can be pasted as the argument of a command. */
export const newSalt = (ids: Pick<Ids, 'token'>): string => `s${ids.token(24)}`

const receiptTag = 'b3iq:receipt:v1'

export const receiptHash = (body: ReceiptBody): string => domainHash(receiptTag, body)

export const privateHash = (part: ReceiptPrivate, salt: string): string =>
  domainHash('b3iq:private:v1', { salt, private: part })

/** Connects bytes with a receipt for whoever has both and the salt; tells nobody else anything. */
export const commitment = (salt: string, bytesSha256: string): string =>
  sha256Hex(`${salt}\n${bytesSha256}`)

/** A price as it stands in a receipt. */
export function priceLines(price: Price, terms: { version: number; hostShareBps: number }) {
  return {
    version: terms.version,
    prompt_usd_per_mtok: formatUsd(price.promptNanoUsdPerMTok),
    cached_prompt_usd_per_mtok: formatUsd(price.cachedPromptNanoUsdPerMTok),
    completion_usd_per_mtok: formatUsd(price.completionNanoUsdPerMTok),
    ...(price.unitNanoUsd === undefined ? {} : { unit_usd: formatUsd(price.unitNanoUsd) }),
    host_share_bps: terms.hostShareBps,
  }
}

function chargeLines(charge: NanoUsd, split: ChargeSplit): ReceiptBody['charge'] {
  return {
    charge_usd: formatUsd(charge),
    host_share_usd: formatUsd(split.hostShare),
    fee_usd: formatUsd(split.fee),
  }
}
