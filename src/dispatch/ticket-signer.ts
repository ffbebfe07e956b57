/** The daily ticket key: made in memory, certified by the root key, replaced before it runs out. */
import type { Ids, NowMs } from '../protocol/clock.ts'
import { generatePrivateKey, makeSigner, type Signer } from '../protocol/ed25519.ts'
import { certifyTicketKey, type TicketSigner, ticketLifeMsMax } from '../protocol/ticket.ts'

const keyLifeMs = 24 * 60 * 60 * 1000

export function makeTicketSigner(deps: {
  readonly stage: string
  readonly root: Signer
  readonly ids: Ids
  readonly nowMs: NowMs
}): () => TicketSigner {
  let current: TicketSigner | undefined
  return () => {
    const nowMs = deps.nowMs()
    if (!current || current.key.not_after_ms < nowMs + 2 * ticketLifeMsMax) {
      const signer = makeSigner(generatePrivateKey())
      const key = {
        v: 1 as const,
        stage: deps.stage,
        key_id: `tk_${deps.ids.token(9)}`,
        public_key: signer.publicKey,
        not_before_ms: nowMs,
        not_after_ms: nowMs + keyLifeMs,
      }
      current = { key, keySignature: certifyTicketKey(key, deps.root), signer }
    }
    return current
  }
}
