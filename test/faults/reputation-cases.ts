/** Writes of what is known of a node's past. */
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import { makeReputationStore } from '../../src/adapters/dynamodb/reputation-store.ts'
import { freshReputation } from '../../src/reputation/reputation.ts'
import { aJoinCode, aNode } from '../adapters/dynamodb/facts.ts'
import type { WriteCase } from './write-case.ts'

const node = aNode()
const code = aJoinCode()
const enrolled = async (database: Database) => {
  await makeJoinCodeStore(database).putJoinCode(code)
  await makeFleetStore(database).enrolNode(node, code.codeHash)
}
const written = (fromVersion: number) => (database: Database) =>
  makeReputationStore(database).writeReputation({
    reputation: { ...freshReputation(node.nodeId), paidRequests: fromVersion + 1 },
    fromVersion,
    score: 0.5,
  })

const reputationCase = (
  as: string,
  fromVersion: number,
  given: NonNullable<WriteCase['given']>,
): WriteCase => ({
  file: 'reputation-store',
  method: 'writeReputation',
  as,
  given,
  write: written(fromVersion),
})

export const reputationCases: readonly WriteCase[] = [
  reputationCase('for the first time', 0, enrolled),
  reputationCase('for the second time', 1, async (database) => {
    await enrolled(database)
    await written(0)(database)
  }),
  reputationCase('that somebody else changed since', 0, async (database) => {
    await enrolled(database)
    await written(0)(database)
  }),
]
