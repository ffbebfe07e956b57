/** The stores of the fleet over one embedded database, and what enrolment leaves there. */
import { expect } from 'vitest'
import type { Database } from '../../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../../src/adapters/dynamodb/fleet-store.ts'
import { makeJoinCodeStore } from '../../../src/adapters/dynamodb/join-code-store.ts'
import type { NodeFacts } from '../../../src/fleet/node.ts'
import type { JoinCode } from '../../../src/fleet/ports.ts'
import { aJoinCode, aNode } from './facts.ts'

export function openFleet(database: Database) {
  const fleet = makeFleetStore(database)
  const joinCodes = makeJoinCodeStore(database)
  const storedCode = async (changes: Partial<JoinCode> = {}): Promise<string> => {
    const code = aJoinCode(changes)
    await joinCodes.putJoinCode(code)
    return code.codeHash
  }
  return {
    fleet,
    joinCodes,
    storedCode,
    enrolled: async (changes: Partial<NodeFacts> = {}): Promise<NodeFacts> => {
      // An owner of its own: one may enrol ten within an hour.
      const node = aNode({ ownerId: aNode().nodeId, ...changes })
      expect(await fleet.enrolNode(node, await storedCode())).toBe('enrolled')
      return node
    },
  }
}
