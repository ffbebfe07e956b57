/** A receipt as the gateway makes it, with real keys, a real claim and a charge that follows. */
import { formatUsd } from '../../src/money/nano-usd.ts'
import { chargeFor, type Price } from '../../src/money/price.ts'
import { nodeReceiptHash, type SignedClaim, signClaim } from '../../src/protocol/claim.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { nodeIdOf } from '../../src/protocol/node-identity.ts'
import type { PublishedKeys } from '../../src/protocol/published-keys.ts'
import type { ReceiptServed, ReceiptView, StoredReceipt } from '../../src/protocol/receipt.ts'
import {
  makeReceipt,
  priceLines,
  type ReceiptDraft,
  type ReceiptSigner,
} from '../../src/receipts/make-receipt.ts'

export const salt = 'c2FsdC1mb3ItdGhlLWN1c3RvbWVyLTE'
export const endedAtMs = Date.UTC(2026, 2, 14, 15, 9, 26)

const node = makeSigner(generatePrivateKey())
const nodeId = nodeIdOf(node.publicKey)
const artifact = `sha256:${'a'.repeat(64)}`

export const by: ReceiptSigner = {
  stage: 'test',
  keyId: 'rk_1',
  signer: makeSigner(generatePrivateKey()),
}

export const published: PublishedKeys = {
  stage: by.stage,
  keys: [
    {
      key_id: by.keyId,
      use: 'receipt',
      public_key: by.signer.publicKey,
      not_before_ms: endedAtMs - 86_400_000,
      not_after_ms: null,
    },
  ],
  successions: [],
}

const price: Price = {
  promptNanoUsdPerMTok: 150_000_000n,
  cachedPromptNanoUsdPerMTok: 75_000_000n,
  completionNanoUsdPerMTok: 600_000_001n,
}
const tokens = { prompt: 120, cached_prompt: 20, completion: 34 }

export const claim: SignedClaim = signClaim(
  {
    v: 1,
    ticket_hash: 'b'.repeat(64),
    node_id: nodeId,
    usage: tokens,
    finish_reason: 'stop',
    output_sha256: 'c'.repeat(64),
    first_content_ms: 210,
    total_ms: 900,
    runtime: { kind: 'llamacpp', version: 'b6600' },
    artifact_digest: artifact,
  },
  node,
)

const served: ReceiptServed = {
  profile_id: 'maker/model@q8',
  artifact_digest: artifact,
  route_tier: 'standard',
  trust_tier: 'attested',
  gates: 31,
  benchmark_id: 'bench_1',
  usage: {
    claimed: tokens,
    counted: tokens,
    billed: tokens,
    count_method: 'tokenizer',
    inflated: false,
  },
  price: priceLines(price, { version: 3, hostShareBps: 8_500 }),
  node_receipt_hash: nodeReceiptHash(claim),
}

export const draft: ReceiptDraft = {
  model: 'maker/model',
  result: { status: 'completed', finish_reason: 'stop', error: null },
  served,
  charge: chargeFor({ prompt: 120, cachedPrompt: 20, completion: 34 }, price),
  hostShareBps: 8_500,
  endedAtMs,
  firstContentMs: 210,
  totalMs: 900,
  private: {
    request_id: '01JABCDEFGHJKMNPQRSTVWXYZ0',
    account_id: 'acct_01JABCDEFGHJKMNPQRSTVWXYZ1',
    key_id: 'key_01JABCDEFGHJKMNPQRSTVWXYZ2',
    hold_usd: formatUsd(1_000_000n),
    started_at_ms: endedAtMs - 900,
    attempts: [
      { node_id: `n_${'a'.repeat(26)}`, outcome: 'connect_failed', ticket_hash: 'd'.repeat(64) },
      { node_id: nodeId, outcome: 'served', ticket_hash: 'b'.repeat(64) },
    ],
    node_public_key: node.publicKey,
    claim,
    request_commitment: 'e'.repeat(64),
    output_commitment: 'f'.repeat(64),
  },
  salt,
}

export const genuineReceipt = (change: Partial<ReceiptDraft> = {}): StoredReceipt =>
  makeReceipt({ ...draft, ...change }, by)

/** As anyone who has the hash sees it. */
export function publicView({ private: _, ...stored }: StoredReceipt): ReceiptView {
  return { object: 'receipt', ...stored }
}

/** As the account sees it that paid. */
export const ownView = (stored: StoredReceipt): ReceiptView => ({ object: 'receipt', ...stored })
