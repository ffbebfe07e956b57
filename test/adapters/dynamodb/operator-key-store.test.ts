import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeOperatorKeyStore } from '../../../src/adapters/dynamodb/operator-key-store.ts'
import type { OperatorKey, OperatorKeyStore } from '../../../src/keys/api-key.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'

let engine: EmbeddedDynamodb
let operators: OperatorKeyStore
beforeEach(async () => {
  engine = await startEmbeddedDynamodb()
  operators = makeOperatorKeyStore(engine)
})
afterEach(() => engine.stop())

const owner = (name: string): OperatorKey => ({
  keyId: `key_${name}`,
  keyHash: `hash-of-${name}`,
  name,
  role: 'owner',
  status: 'active',
})

describe('the first owner key', () => {
  test('is made once; a second one is refused and written nowhere', async () => {
    expect(await operators.bootstrapOwner(owner('ada'))).toBe(true)
    expect(await operators.bootstrapOwner(owner('bob'))).toBe(false)
    expect(await operators.readOperator('hash-of-ada')).toEqual(owner('ada'))
    expect(await operators.readOperatorById('key_ada')).toEqual(owner('ada'))
    expect(await operators.readOperatorById('key_bob')).toBeUndefined()
    expect(await operators.readOperator('hash-of-bob')).toBeUndefined()
  })

  test('is one of those that are asked for at the same time', async () => {
    const names = ['ada', 'bob', 'cleo', 'dora', 'emil']
    const made = await Promise.all(names.map((name) => operators.bootstrapOwner(owner(name))))
    const found = await Promise.all(names.map((name) => operators.readOperator(`hash-of-${name}`)))
    expect(made.filter(Boolean)).toHaveLength(1)
    expect(found.map((key) => key !== undefined)).toEqual(made)
  })

  test('has the role of an owner', async () => {
    const viewer = { ...owner('ada'), role: 'viewer' } as const
    await expect(operators.bootstrapOwner(viewer)).rejects.toThrow('is an owner')
  })
})

const viewer = (name: string): OperatorKey => ({ ...owner(name), role: 'viewer' })
const page = (limit: number, after?: string) => ({ limit, after })

describe('operator keys', () => {
  test('are made, found by hash, and listed by id in pages with the first one', async () => {
    await operators.bootstrapOwner(owner('ada'))
    for (const name of ['cleo', 'bob']) {
      expect(await operators.createOperator(viewer(name))).toBe(true)
    }
    expect(await operators.readOperator('hash-of-bob')).toEqual(viewer('bob'))
    const first = await operators.listOperators(page(2))
    expect(first).toEqual({ items: [owner('ada'), viewer('bob')], next: 'key_bob' })
    const rest = await operators.listOperators(page(2, first.next))
    expect(rest).toEqual({ items: [viewer('cleo')], next: undefined })
  })

  test('are a hundred active ones at most; one that is revoked makes room', async () => {
    const names = Array.from({ length: limits.operatorKeys }, (_, index) => `n${index}`)
    const made = await Promise.all(names.map((name) => operators.createOperator(viewer(name))))
    expect(made.every(Boolean)).toBe(true)
    expect(await operators.createOperator(viewer('more'))).toBe(false)
    expect(await operators.readOperator('hash-of-more')).toBeUndefined()
    expect((await operators.listOperators(page(100))).items).toHaveLength(100)
    await operators.revokeOperator('key_n7')
    expect(await operators.createOperator(viewer('more'))).toBe(true)
  })

  test('that are not fresh are a bug', async () => {
    await operators.createOperator(viewer('bob'))
    await expect(operators.createOperator(viewer('bob'))).rejects.toThrow('are fresh')
  })
})

describe('a revoked operator key', () => {
  test('stays in the list, and is revoked again without an error', async () => {
    await operators.createOperator(viewer('bob'))
    const revoked = { ...viewer('bob'), status: 'revoked' } as const
    for (let times = 0; times < 2; times += 1) {
      expect(await operators.revokeOperator('key_bob')).toEqual({ kind: 'revoked', key: revoked })
    }
    expect(await operators.readOperator('hash-of-bob')).toEqual(revoked)
    expect((await operators.listOperators(page(9))).items).toEqual([revoked])
  })

  test('is counted once, however many revoke it at the same time', async () => {
    const names = Array.from({ length: limits.operatorKeys }, (_, index) => `n${index}`)
    await Promise.all(names.map((name) => operators.createOperator(viewer(name))))
    await Promise.all([1, 2, 3].map(() => operators.revokeOperator('key_n7')))
    expect(await operators.createOperator(viewer('one'))).toBe(true)
    expect(await operators.createOperator(viewer('two'))).toBe(false)
  })

  test('is never the last owner’s', async () => {
    await operators.bootstrapOwner(owner('ada'))
    await operators.createOperator(viewer('bob'))
    expect(await operators.revokeOperator('key_ada')).toEqual({ kind: 'last_owner' })
    await operators.createOperator(owner('cleo'))
    const outcomes = await Promise.all(
      ['ada', 'cleo'].map((name) => operators.revokeOperator(`key_${name}`)),
    )
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['last_owner', 'revoked'])
  })

  test('has to be there', async () => {
    expect(await operators.revokeOperator('key_nobody')).toEqual({ kind: 'unknown_key' })
  })
})
