import { describe, expect, it } from 'vitest'
import { generatePrivateKey } from '../../src/protocol/ed25519.ts'
import { NodeId } from '../../src/protocol/ids.ts'
import { nodeAliasOf, nodeIdOf } from '../../src/protocol/node-identity.ts'

describe('a node id', () => {
  // Computed with Python's hashlib and base64.b32encode over the raw key bytes 0, 1, … 31.
  it('is the base32 of the tagged hash of the raw key', () => {
    const publicKey = Buffer.from(Array.from({ length: 32 }, (_, byte) => byte)).toString(
      'base64url',
    )
    expect(nodeIdOf(publicKey)).toBe('n_4js5pt4ebvywlwrgpgvw6226ty')
  })

  it('follows from the key, and from nothing but the key', () => {
    const [one, other] = [generatePrivateKey().x, generatePrivateKey().x]
    expect(NodeId.safeParse(nodeIdOf(one)).success).toBe(true)
    expect(nodeIdOf(one)).toBe(nodeIdOf(one))
    expect(nodeIdOf(one)).not.toBe(nodeIdOf(other))
  })

  it('of what is no key is a bug', () => {
    expect(() => nodeIdOf('short')).toThrow(/needs a raw Ed25519 key/)
  })

  it('has an alias for people', () => {
    expect(nodeAliasOf('n_n7k4aaaaaaaaaaaaaaaaaaaaaa')).toBe('B3IQ-N7K4')
  })
})
