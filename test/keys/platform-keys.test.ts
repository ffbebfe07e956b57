import { describe, expect, test } from 'vitest'
import type { CustomerKey } from '../../src/keys/api-key.ts'
import { isRefusalToPay, keysAfter, platformKeys } from '../../src/keys/platform-keys.ts'
import { aKey, nowMs } from '../adapters/dynamodb/facts.ts'

const accountId = 'acct_01JD000000000000000000000A'
const keyNamed = (name: string, changes: Partial<CustomerKey> = {}): CustomerKey => ({
  ...aKey(accountId, { name, ...changes }),
  ordinal: 1,
})
const namesOf = (keys: readonly CustomerKey[]) => keys.map(({ name }) => name)

describe('the platform pays by', () => {
  const all = [
    keyNamed('active'),
    keyNamed('revoked', { status: 'revoked' }),
    keyNamed('reads only', { scopes: ['billing:read'] }),
    keyNamed('another', { expiresAtMs: nowMs + 1 }),
    keyNamed('expired', { expiresAtMs: nowMs }),
  ]
  const keysOf = (account: string | undefined) =>
    platformKeys({
      keys: { listKeys: async (of) => (of === accountId ? all : []) },
      readPlatformAccount: async () => account,
      nowMs: () => nowMs,
    })

  test('the active keys of its account that may ask', async () => {
    expect(namesOf(await keysOf(accountId))).toEqual(['active', 'another'])
  })

  test('none where no account is named', async () => {
    expect(await keysOf(undefined)).toEqual([])
  })
})

describe('after a refusal', () => {
  const [one, other] = [keyNamed('one'), keyNamed('other')]

  test.each([
    ['insufficient_balance', []],
    ['no_billing_identity', []],
    ['account_suspended', []],
    ['spend_cap_exceeded', ['other']],
    ['invalid_api_key', ['other']],
  ] as const)('to pay, %s, these keys are left: %j', (code, left) => {
    expect(isRefusalToPay(code)).toBe(true)
    expect(namesOf(keysAfter([one, other], { key: one, code }))).toEqual(left)
  })

  test.each(['rate_limit_exceeded', 'inflight_budget_exhausted', 'no_eligible_host'] as const)(
    'for the moment, %s, all are',
    (code) => {
      expect(isRefusalToPay(code)).toBe(false)
      expect(namesOf(keysAfter([one, other], { key: one, code }))).toEqual(['one', 'other'])
    },
  )
})
