import { describe, expect, test } from 'vitest'
import { withoutSecrets } from '../../src/audit/secrets.ts'

const customerKey = `sk-b3iq-p1-${'A'.repeat(43)}`
const operatorKey = `op-b3iq-p1-${'b_'.repeat(21)}c`
const joinCode = 'b3iq-join-abcdefghijklmnopqrstuv'

describe('a document is recorded', () => {
  test.each([
    ['a customer key', customerKey],
    ['an operator key', operatorKey],
    ['a join code', joinCode],
  ])('with null in the place of %s', (_, secret) => {
    expect(withoutSecrets({ id: 'key_1', key: secret })).toEqual({ id: 'key_1', key: null })
    expect(withoutSecrets([[secret]])).toEqual([[null]])
  })

  test('without the secret that somebody pasted into a text', () => {
    const reason = `lost ${customerKey}, then ${joinCode}.`
    expect(withoutSecrets({ reason })).toEqual({ reason: 'lost [removed], then [removed].' })
  })

  test('as it is where it holds none', () => {
    const plain = { name: 'sk-b3iq', tags: ['op-b3iq-p1-short'], spend: null, count: 2, on: true }
    expect(withoutSecrets(plain)).toEqual(plain)
    expect(withoutSecrets(undefined)).toBeNull()
  })
})
