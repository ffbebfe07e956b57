/** Writes of breakers: failures in every state, trials, and what closes them. */
import { makeBreakerStore } from '../../src/adapters/dynamodb/breaker-store.ts'
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { hotKey } from '../../src/adapters/dynamodb/items/fleet-keys.ts'
import { breakerField, toBreakerField } from '../../src/adapters/dynamodb/items/hot-item.ts'
import type { Breaker } from '../../src/fleet/node.ts'
import { aBeat, aNode, nowMs } from '../adapters/dynamodb/facts.ts'
import type { WriteCase } from './write-case.ts'

const { nodeId } = aNode()
const at = { nodeId, profileId: 'p1' }
const closed = { failures: 2, fromMs: nowMs - 1, openUntilMs: 0, opens: 0, trialUntilMs: 0 }
const halfOpen = { ...closed, failures: 5, openUntilMs: nowMs, opens: 1 }
const tried = { ...halfOpen, trialUntilMs: nowMs + 1 }

/** A node that beats, with this breaker. */
const having = (breaker?: Breaker) => async (database: Database) => {
  await makeFleetStore(database).recordBeat(aBeat(nodeId))
  if (!breaker) return
  await database.client.update({
    TableName: database.tables.profiles,
    Key: hotKey(nodeId),
    UpdateExpression: 'SET #breaker = :breaker',
    ExpressionAttributeNames: { '#breaker': breakerField(at.profileId) },
    ExpressionAttributeValues: { ':breaker': { ...toBreakerField(breaker), ids: ['earlier'] } },
  })
}

const breakerCase = (
  method: keyof ReturnType<typeof makeBreakerStore>,
  shape: Pick<WriteCase, 'as' | 'given'>,
  write: (store: ReturnType<typeof makeBreakerStore>) => Promise<unknown>,
): WriteCase => ({
  file: 'breaker-store',
  method,
  ...shape,
  write: (database) => write(makeBreakerStore(database, { ids: { token: () => 'now' } })),
})

const failure = (as: string, breaker?: Breaker) =>
  breakerCase('countFailure', { as, given: having(breaker) }, (store) =>
    store.countFailure(at, nowMs),
  )

const trial = (as: string, breaker?: Breaker) =>
  breakerCase('takeTrial', { as, given: having(breaker) }, (store) => store.takeTrial(at, nowMs))

const closing = (as: string, breaker?: Breaker) =>
  breakerCase('close', { as, given: having(breaker) }, (store) => store.close(at, 'earlier'))

const givingBack = (as: string, breaker?: Breaker) =>
  breakerCase('giveBack', { as, given: having(breaker) }, (store) => store.giveBack(at, 'earlier'))

export const breakerCases: readonly WriteCase[] = [
  failure('the first'),
  failure('one more', closed),
  failure('the fifth', { ...closed, failures: 4 }),
  failure('in a new window', { ...closed, fromMs: nowMs - 60_000 }),
  failure('while half-open', halfOpen),
  trial('of a half-open breaker', halfOpen),
  trial('that another took', tried),
  trial('of a closed breaker', closed),
  trial('of none'),
  closing('after a trial', tried),
  closing('after a failure since', { ...halfOpen, openUntilMs: nowMs + 1, opens: 2 }),
  givingBack('of its trial', tried),
  givingBack('after a failure since', { ...halfOpen, openUntilMs: nowMs + 1, opens: 2 }),
  breakerCase('reset', { as: 'of what was seen', given: having(halfOpen) }, (store) =>
    store.reset(at, halfOpen),
  ),
  breakerCase('reset', { as: 'of an older window', given: having(closed) }, (store) =>
    store.reset(at, { ...closed, fromMs: nowMs - 2 }),
  ),
]
