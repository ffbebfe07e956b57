/** Receipts of the size of real ones: nothing that is random in those is one letter, or there twice. */
import { ulid } from 'ulid'
import { ids } from '../../src/adapters/system.ts'
import { nodeIdOf } from '../../src/protocol/node-identity.ts'
import type { ReceiptDraft } from '../../src/receipts/make-receipt.ts'
import { claim, draft, endedAtMs, genuineReceipt } from './genuine-receipt.ts'

const freshHex = () => Buffer.from(ids.token(32), 'base64url').toString('hex')

const model = 'meta-llama/Llama-3.3-70B-Instruct'

type Own = Partial<ReceiptDraft['private'] & Pick<ReceiptDraft, 'charge'>>

/** One host asked. */
export const usualReceipt = (own: Own = {}) => sizedReceipt([], own)

/** Two hosts failed before the one that served. */
export const largeReceipt = () => sizedReceipt(['connect_failed', 'timed_out'], {})

function sizedReceipt(failures: readonly string[], { charge = draft.charge, ...own }: Own) {
  const nodeId = nodeIdOf(ids.token(32))
  const artifactDigest = `sha256:${freshHex()}`
  const served = { node_id: nodeId, outcome: 'served', ticket_hash: freshHex() }
  const failed = failures.map((outcome) => ({
    node_id: nodeIdOf(ids.token(32)),
    outcome,
    ticket_hash: freshHex(),
  }))
  const startedAtMs = endedAtMs - 900
  return genuineReceipt({
    model,
    charge,
    served: draft.served && {
      ...draft.served,
      profile_id: `${model}@fp8-dynamic`,
      artifact_digest: artifactDigest,
      benchmark_id: freshHex(),
      node_receipt_hash: freshHex(),
    },
    private: {
      ...draft.private,
      request_id: ulid(startedAtMs),
      account_id: `acct_${ulid(startedAtMs - 9e9)}`,
      key_id: `key_${ulid(startedAtMs - 8e8)}`,
      attempts: [...failed, served],
      claim: {
        claim: {
          ...claim.claim,
          ticket_hash: served.ticket_hash,
          node_id: nodeId,
          output_sha256: freshHex(),
          artifact_digest: artifactDigest,
          runtime: { kind: 'vllm', version: '0.11.2+cu128.post1' },
        },
        signature: ids.token(64),
      },
      node_public_key: ids.token(32),
      request_commitment: freshHex(),
      output_commitment: freshHex(),
      ...own,
    },
  })
}
