import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeFleetStore } from '../../../src/adapters/dynamodb/fleet-store.ts'
import { makeJoinCodeStore } from '../../../src/adapters/dynamodb/join-code-store.ts'
import type { JoinCodeStore } from '../../../src/fleet/ports.ts'
import { tables } from '../../../src/tables.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { aJoinCode, aNode } from './facts.ts'

let engine: EmbeddedDynamodb
let joinCodes: JoinCodeStore
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  joinCodes = makeJoinCodeStore(engine)
})
afterAll(() => engine.stop())

describe('a join code', () => {
  test('is read back by its hash', async () => {
    const code = aJoinCode()
    expect(await joinCodes.readJoinCode(code.codeHash)).toBeUndefined()
    await joinCodes.putJoinCode(code)
    expect(await joinCodes.readJoinCode(code.codeHash)).toEqual(code)
  })

  test('still names its owner once it is used, for a host that lost the reply', async () => {
    const code = aJoinCode()
    const node = aNode()
    await joinCodes.putJoinCode(code)
    await makeFleetStore(engine).enrolNode(node, code.codeHash)
    const used = { ...code, usedBy: node.nodeId }
    expect(await joinCodes.readJoinCode(code.codeHash)).toEqual(used)
  })

  test('names the region where its host stands', async () => {
    const code = aJoinCode({ region: 'eu-west-1' })
    await joinCodes.putJoinCode(code)
    expect(await joinCodes.readJoinCode(code.codeHash)).toEqual(code)
  })

  test('stays used when it is put again', async () => {
    const code = aJoinCode()
    const fleet = makeFleetStore(engine)
    await joinCodes.putJoinCode(code)
    expect(await fleet.enrolNode(aNode(), code.codeHash)).toBe('enrolled')
    await joinCodes.putJoinCode(code)
    expect(await fleet.enrolNode(aNode(), code.codeHash)).toBe('code_used')
  })

  test('is garbage a day after it expired', async () => {
    const code = aJoinCode({ expiresAtMs: 1_000_500 })
    await joinCodes.putJoinCode(code)
    const { Item } = await engine.client.get({
      TableName: engine.tables.keys,
      Key: { pk: `join#${code.codeHash}`, sk: 'code' },
    })
    expect(Item?.[tables.keys.timeToLive]).toBe(String(1_001 + 86_400))
  })
})
