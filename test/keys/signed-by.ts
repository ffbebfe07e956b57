/** What the functions of a stage sign with the keys of its secrets. */
import { makeTicketSigner } from '../../src/dispatch/ticket-signer.ts'
import {
  currentKeysOf,
  type KeyUse,
  type StageSecrets,
  ticketRootOf,
} from '../../src/keys/stage-secrets.ts'
import type { Ids } from '../../src/protocol/clock.ts'
import { makeSigner } from '../../src/protocol/ed25519.ts'
import type { ReceiptView } from '../../src/protocol/receipt.ts'
import type { SignedTicket } from '../../src/protocol/ticket.ts'
import { makeReceipt } from '../../src/receipts/make-receipt.ts'
import { draft, ownView } from '../support/genuine-receipt.ts'

const signerOf = (secrets: StageSecrets, use: KeyUse) =>
  makeSigner(currentKeysOf(secrets)[use].private_key)

export function receiptBy(secrets: StageSecrets, endedAtMs: number): ReceiptView {
  const { stage } = secrets
  const keyId = secrets.receipt_key.key_id
  return ownView(
    makeReceipt({ ...draft, endedAtMs }, { stage, keyId, signer: signerOf(secrets, 'receipt') }),
  )
}

/** The certificate of a daily key, which every ticket of that day carries. */
export function ticketKeyBy(
  secrets: StageSecrets,
  at: { readonly ids: Ids; readonly nowMs: number },
): Pick<SignedTicket, 'key' | 'key_signature'> {
  const nowMs = () => at.nowMs
  const { signer: root } = ticketRootOf(secrets)
  const { key, keySignature } = makeTicketSigner({ ...at, stage: secrets.stage, root, nowMs })()
  return { key, key_signature: keySignature }
}

export function jobSignatureBy(secrets: StageSecrets, job: unknown) {
  const { key_id: keyId } = secrets.job_key
  return { keyId, signature: signerOf(secrets, 'job').sign('b3iq:job:v1', job) }
}
