import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeOperatorKeyStore } from '../../../src/adapters/dynamodb/operator-key-store.ts'
import type { OperatorKey, OperatorKeyStore } from '../../../src/keys/api-key.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'

let engine: EmbeddedDynamodb
let operators: OperatorKeyStore
beforeEach(async () => {
  engine = await startEmbeddedDynamodb()
  operators = makeOperatorKeyStore(engine)
})
afterEach(() => engine.stop())

const owner = (name: string): OperatorKey => ({
  keyId: `key-${name}`,
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
