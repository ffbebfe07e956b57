/** A claim as a host signs it, for tests of whoever reads one. */
import { type Claim, type SignedClaim, signClaim } from '../../src/protocol/claim.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'

export const signedClaim = (changes: Partial<Claim> = {}): SignedClaim =>
  signClaim(
    {
      v: 1,
      ticket_hash: 'a'.repeat(64),
      node_id: `n_${'a'.repeat(26)}`,
      usage: null,
      finish_reason: 'stop',
      output_sha256: 'b'.repeat(64),
      first_content_ms: 1,
      total_ms: 2,
      runtime: { kind: 'vllm', version: '1' },
      artifact_digest: `sha256:${'c'.repeat(64)}`,
      ...changes,
    },
    makeSigner(generatePrivateKey()),
  )
