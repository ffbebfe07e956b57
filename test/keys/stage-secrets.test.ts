import { describe, expect, test } from 'vitest'
import { ids } from '../../src/adapters/system.ts'
import {
  newStageSecrets,
  peppersOf,
  publishedKeysOf,
  StageSecrets,
  upgradeStageSecrets,
} from '../../src/keys/stage-secrets.ts'
import { generatePrivateKey, makeSigner, verifyTagged } from '../../src/protocol/ed25519.ts'
import { PublishedKeys } from '../../src/protocol/published-keys.ts'

const nowMs = Date.UTC(2026, 0, 1)
const secrets = newStageSecrets('test', { ids, nowMs })

describe('new secrets', () => {
  test('are a document that is read back as it was written', () => {
    expect(StageSecrets.parse(JSON.parse(JSON.stringify(secrets)))).toEqual(secrets)
  })

  test('are unlike any others, each of them', () => {
    const { v: _, stage: __, pepper_current: ___, retired_keys: ____, ...own } = secrets
    const other = newStageSecrets('test', { ids, nowMs })
    const parts = (one: object) =>
      [...JSON.stringify(one).matchAll(/[A-Za-z0-9_-]{40,}/g)].map(([part]) => part)
    expect(parts(own).length).toBeGreaterThan(6)
    expect(parts(other).filter((part) => parts(own).includes(part))).toEqual([])
    expect(new Set(parts(own)).size).toBe(parts(own).length)
  })
})

describe('a document from before there were jobs', () => {
  const { job_key: _, ...before } = secrets

  test('is refused as it is, and upgraded by a key of its own alone', () => {
    expect(StageSecrets.safeParse(before).success).toBe(false)
    const upgraded = upgradeStageSecrets(JSON.parse(JSON.stringify(before)), { ids, nowMs })
    const { job_key, ...rest } = upgraded
    expect(rest).toEqual(before)
    const others = [secrets.receipt_key, secrets.ticket_root_key].map((key) => key.private_key.x)
    expect(others).not.toContain(job_key.private_key.x)
  })

  test('once upgraded stays as it is', () => {
    expect(upgradeStageSecrets(secrets, { ids, nowMs })).toEqual(secrets)
  })

  test('is not made out of anything else', () => {
    expect(() => upgradeStageSecrets({}, { ids, nowMs })).toThrow()
  })
})

describe('a document', () => {
  test.each([
    ['of another version', { v: 2 }],
    ['whose current pepper is missing', { pepper_current: 'p9' }],
    ['with a pepper too short', { peppers: { p1: 'short' } }],
    ['with a pepper of a strange name', { peppers: { ...secrets.peppers, 'P-1': 'A'.repeat(43) } }],
    ['with an unknown field', { password: 'x' }],
    ['without a stage', { stage: '' }],
    ['with a name that is only inherited', { pepper_current: 'tostring' }],
    ['with a key twice', { coming_keys: { receipt: secrets.receipt_key } }],
    [
      'with one key id for two keys',
      {
        job_key: { ...secrets.job_key, key_id: 'rk_1' },
        receipt_key: { ...secrets.receipt_key, key_id: 'rk_1' },
      },
    ],
  ])('%s is refused', (_, change) => {
    expect(StageSecrets.safeParse({ ...secrets, ...change }).success).toBe(false)
  })

  test('may leave out retired keys', () => {
    const { retired_keys: _, ...without } = secrets
    expect(StageSecrets.parse(without).retired_keys).toEqual([])
  })
})

test('peppers are bytes by their name', () => {
  const two = { ...secrets, pepper_current: 'p2', peppers: { p1: 'AAAA', p2: '_-_-' } }
  expect(peppersOf(two)).toEqual({
    current: 'p2',
    byId: new Map([
      ['p1', Buffer.from([0, 0, 0])],
      ['p2', Buffer.from('_-_-', 'base64url')],
    ]),
  })
})

describe('what is published', () => {
  const retired = {
    key_id: 'rk_old',
    use: 'receipt' as const,
    public_key: makeSigner(generatePrivateKey()).publicKey,
    not_before_ms: 0,
    not_after_ms: nowMs,
  }
  const published = publishedKeysOf({ ...secrets, retired_keys: [retired] })

  test('is the public half of each signing key, and of those before', () => {
    expect(PublishedKeys.parse(published)).toEqual(published)
    expect(published).toMatchObject({
      stage: 'test',
      keys: [
        { key_id: secrets.receipt_key.key_id, use: 'receipt', not_before_ms: nowMs },
        { key_id: secrets.ticket_root_key.key_id, use: 'ticket_root', not_after_ms: null },
        { key_id: secrets.job_key.key_id, use: 'job', not_after_ms: null },
        retired,
      ],
    })
  })

  test('verifies what the private half signs', () => {
    const signature = makeSigner(secrets.receipt_key.private_key).sign('b3iq:receipt:v1', { a: 1 })
    const publicKey = published.keys[0]?.public_key ?? ''
    expect(verifyTagged('b3iq:receipt:v1', { a: 1 }, { publicKey, signature })).toBe(true)
  })

  test('holds no secret', () => {
    const text = JSON.stringify(published)
    const { peppers, receipt_key, ticket_root_key, enrolment_secret, bootstrap_token } = secrets
    const signing = [receipt_key, ticket_root_key, secrets.job_key]
    const hidden = [...signing.map((key) => key.private_key.d), enrolment_secret]
    for (const secret of [...hidden, bootstrap_token, ...Object.values(peppers)]) {
      expect(text).not.toContain(secret)
    }
  })
})
