import { describe, expect, it } from 'vitest'
import {
  type Cancel,
  type CancelExpectation,
  cancelRefusal,
  signCancel,
} from '../../src/protocol/cancel.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { certifyTicketKey, type TicketKey } from '../../src/protocol/ticket.ts'

const root = makeSigner(generatePrivateKey())
const daily = makeSigner(generatePrivateKey())
const nowMs = 1_800_000_000_000
const dayMs = 86_400_000

const cancel: Cancel = {
  v: 1,
  stage: 'test',
  node_id: `n_${'a'.repeat(26)}`,
  ticket_id: 't_1',
  ticket_hash: 'b'.repeat(64),
  at_ms: nowMs,
}

const expected: CancelExpectation = {
  stage: 'test',
  nodeId: cancel.node_id,
  rootPublicKeys: [root.publicKey],
  nowMs,
}

function ticketSigner(change: Partial<TicketKey> = {}, by = root) {
  const key: TicketKey = {
    v: 1,
    stage: 'test',
    key_id: 'tk_1',
    public_key: daily.publicKey,
    not_before_ms: nowMs - dayMs,
    not_after_ms: nowMs + dayMs,
    ...change,
  }
  return { key, keySignature: certifyTicketKey(key, by), signer: daily }
}

describe('a cancel', () => {
  it.each([0, -120_000, 120_000])('of the gateway is good %i ms away from its time', (awayMs) => {
    const signed = signCancel(cancel, ticketSigner())
    expect(cancelRefusal(signed, { ...expected, nowMs: nowMs + awayMs })).toBeUndefined()
  })

  const stranger = makeSigner(generatePrivateKey())
  const good = signCancel(cancel, ticketSigner())
  it.each([
    ['another stage', signCancel({ ...cancel, stage: 'prod' }, ticketSigner()), 'wrong_stage'],
    ["another stage's key", signCancel(cancel, ticketSigner({ stage: 'prod' })), 'wrong_stage'],
    [
      'another node',
      signCancel({ ...cancel, node_id: `n_${'b'.repeat(26)}` }, ticketSigner()),
      'wrong_node',
    ],
    [
      'long ago',
      signCancel({ ...cancel, at_ms: nowMs - 120_001 }, ticketSigner()),
      'cancel_expired',
    ],
    [
      'the future',
      signCancel({ ...cancel, at_ms: nowMs + 120_001 }, ticketSigner()),
      'cancel_expired',
    ],
    [
      'a key of last week',
      signCancel(cancel, ticketSigner({ not_after_ms: nowMs - 7 * dayMs })),
      'cancel_expired',
    ],
    ['another root', signCancel(cancel, ticketSigner({}, stranger)), 'bad_cancel'],
    ['another signer', signCancel(cancel, { ...ticketSigner(), signer: stranger }), 'bad_cancel'],
    ['another ticket', { ...good, cancel: { ...cancel, ticket_id: 't_2' } }, 'bad_cancel'],
  ])('of %s is refused', (_, signed, refusal) => {
    expect(cancelRefusal(signed, expected)).toBe(refusal)
  })
})
