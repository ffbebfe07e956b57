import { describe, expect, test } from 'vitest'
import {
  Claim,
  ClaimEvent,
  isGenuineClaim,
  nodeReceiptHash,
  SignedClaim,
  signClaim,
  verifyClaim,
} from '../../src/protocol/claim.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { nodeIdOf } from '../../src/protocol/node-identity.ts'

const node = makeSigner(generatePrivateKey())
const claim: Claim = {
  v: 1,
  ticket_hash: 'a'.repeat(64),
  node_id: nodeIdOf(node.publicKey),
  usage: { prompt: 10, cached_prompt: 4, completion: 3 },
  finish_reason: 'stop',
  output_sha256: 'b'.repeat(64),
  first_content_ms: 12,
  total_ms: 34,
  runtime: { kind: 'vllm', version: '0.11.2' },
  artifact_digest: `sha256:${'c'.repeat(64)}`,
}
const signed = signClaim(claim, node)

describe('a signed claim', () => {
  test('is its node’s word', () => {
    expect(SignedClaim.parse(JSON.parse(JSON.stringify(signed)))).toEqual(signed)
    expect(verifyClaim(signed, node.publicKey)).toBe(true)
  })

  test.each([
    ['usage', { usage: { prompt: 10, cached_prompt: 4, completion: 4 } }],
    ['ticket', { ticket_hash: 'd'.repeat(64) }],
    ['text', { output_sha256: 'd'.repeat(64) }],
    ['times', { total_ms: 35 }],
  ])('with another %s is nobody’s', (_, change) => {
    expect(verifyClaim({ ...signed, claim: { ...claim, ...change } }, node.publicKey)).toBe(false)
  })

  const candidate = {
    nodeId: claim.node_id,
    publicKey: node.publicKey,
    artifactDigest: claim.artifact_digest,
  }
  const asked = { candidate, ticketHash: claim.ticket_hash, outputSha256: claim.output_sha256 }

  test('is genuine for what was asked of its node and came from there', () => {
    expect(isGenuineClaim(signed, asked)).toBe(true)
  })

  const stranger = makeSigner(generatePrivateKey())
  test.each([
    ['ticket', { ticketHash: 'd'.repeat(64) }],
    ['text', { outputSha256: 'd'.repeat(64) }],
    ['node', { candidate: { ...candidate, nodeId: nodeIdOf(stranger.publicKey) } }],
    ['build', { candidate: { ...candidate, artifactDigest: `sha256:${'d'.repeat(64)}` } }],
    ['key', { candidate: { ...candidate, publicKey: stranger.publicKey } }],
  ])('is not genuine for another %s', (_, change) => {
    expect(isGenuineClaim(signed, { ...asked, ...change })).toBe(false)
  })

  test('has a hash over claim and signature', () => {
    const other = makeSigner(generatePrivateKey())
    expect(nodeReceiptHash(signed)).toMatch(/^[0-9a-f]{64}$/)
    expect(nodeReceiptHash(signed)).toBe(nodeReceiptHash(structuredClone(signed)))
    expect(nodeReceiptHash(signClaim(claim, other))).not.toBe(nodeReceiptHash(signed))
  })

  test('comes as the b3iq member of an event', () => {
    const b3iq = { claim: signed, receipt_hash: nodeReceiptHash(signed) }
    expect(ClaimEvent.parse({ b3iq, choices: [] })).toEqual({ b3iq })
    expect(ClaimEvent.safeParse({ b3iq: { ...b3iq, note: 'x' } }).success).toBe(false)
  })
})

describe('a claim', () => {
  test('may know no usage, no finish and no content', () => {
    const bare = { ...claim, usage: null, finish_reason: null, first_content_ms: null }
    expect(Claim.parse(bare)).toEqual(bare)
  })

  test.each([
    ['more cached than prompted', { usage: { prompt: 1, cached_prompt: 2, completion: 0 } }],
    ['fractions of tokens', { usage: { prompt: 1.5, cached_prompt: 0, completion: 0 } }],
    ['fewer than no tokens', { usage: { prompt: 1, cached_prompt: 0, completion: -1 } }],
    ['a runtime of no known kind', { runtime: { kind: 'mine', version: '1' } }],
    ['a version without end', { runtime: { kind: 'vllm', version: 'x'.repeat(65) } }],
    ['negative times', { total_ms: -1 }],
    ['an unknown field', { bonus: 1 }],
    ['another version', { v: 2 }],
  ])('is none with %s', (_, change) => {
    expect(Claim.safeParse({ ...claim, ...change }).success).toBe(false)
  })
})
