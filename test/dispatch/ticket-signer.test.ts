import { expect, test } from 'vitest'
import { makeTicketSigner } from '../../src/dispatch/ticket-signer.ts'
import { generatePrivateKey, makeSigner, verifyTagged } from '../../src/protocol/ed25519.ts'
import { ticketLifeMsMax } from '../../src/protocol/ticket.ts'

const root = makeSigner(generatePrivateKey())
const dayMs = 24 * 60 * 60 * 1000

function makeClocked() {
  let nowMs = Date.UTC(2026, 0, 1)
  let made = 0
  const ids = { ulid: () => '', token: () => `token-${++made}` }
  const signer = makeTicketSigner({ stage: 'test', root, ids, nowMs: () => nowMs })
  return {
    signer,
    passMs: (durationMs: number) => {
      nowMs += durationMs
    },
  }
}

test('the key of the day is certified by the root key', () => {
  const { key, keySignature, signer } = makeClocked().signer()
  expect(key).toMatchObject({ stage: 'test', key_id: 'tk_token-1', public_key: signer.publicKey })
  const signed = { publicKey: root.publicKey, signature: keySignature }
  expect(verifyTagged('b3iq:ticket-key:v1', key, signed)).toBe(true)
})

test('the key stays until a ticket of it could outlive it', () => {
  const { signer, passMs } = makeClocked()
  const first = signer()
  passMs(dayMs - 2 * ticketLifeMsMax)
  expect(signer()).toBe(first)
  passMs(1)
  const second = signer()
  expect(second.key.key_id).toBe('tk_token-2')
  expect(second.key.public_key).not.toBe(first.key.public_key)
})
