import { expect, test } from 'vitest'
import { challengeHolds, issueChallenge } from '../../src/ingest/challenge.ts'
import { generatePrivateKey } from '../../src/protocol/ed25519.ts'

const key = { stage: 'prod', challengeSecret: Buffer.alloc(32, 1) }
const publicKey = generatePrivateKey().x
const madeAtMs = 1_800_000_000_000
const { challenge, expires_at_ms, server_time_ms, stage } = issueChallenge(key, publicKey, madeAtMs)

test('a challenge names its stage and lives two minutes', () => {
  expect(stage).toBe('prod')
  expect(server_time_ms).toBe(madeAtMs)
  expect(expires_at_ms).toBe(madeAtMs + 120_000)
  expect(challengeHolds(key, { challenge, publicKey }, madeAtMs)).toBe(true)
  expect(challengeHolds(key, { challenge, publicKey }, madeAtMs + 119_999)).toBe(true)
  expect(challengeHolds(key, { challenge, publicKey }, madeAtMs + 120_000)).toBe(false)
})

test('it holds for the key that asked, in its stage, under its secret', () => {
  const other = generatePrivateKey().x
  const otherSecret = { ...key, challengeSecret: Buffer.alloc(32, 2) }
  expect(challengeHolds(key, { challenge, publicKey: other }, madeAtMs)).toBe(false)
  expect(challengeHolds({ ...key, stage: 'dev' }, { challenge, publicKey }, madeAtMs)).toBe(false)
  expect(challengeHolds(otherSecret, { challenge, publicKey }, madeAtMs)).toBe(false)
})

test('its life cannot be prolonged by writing a later expiry', () => {
  const longer = challenge.replace(/^\d+/, String(expires_at_ms + 1))
  expect(challengeHolds(key, { challenge: longer, publicKey }, madeAtMs)).toBe(false)
})

test.each(['', '.', 'x.y', `${expires_at_ms}.short`, `99999999999999999.${'A'.repeat(43)}`])(
  'what is no challenge of ours does not hold: %s',
  (text) => {
    expect(challengeHolds(key, { challenge: text, publicKey }, madeAtMs)).toBe(false)
  },
)
