/** Writes about jobs and rollouts. */
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJobStore } from '../../src/adapters/dynamodb/job-store.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import { makeRolloutStore } from '../../src/adapters/dynamodb/rollout-store.ts'
import { cancelJob, offerJob } from '../../src/jobs/life-cycle.ts'
import type { JobStore, RolloutStore } from '../../src/jobs/ports.ts'
import { limits } from '../../src/protocol/limits.ts'
import { aJoinCode, aNode } from '../adapters/dynamodb/facts.ts'
import { aJob, anOffer, nowMs } from '../jobs/facts.ts'
import { aRollout } from '../jobs/rollout-facts.ts'
import type { WriteCase } from './write-case.ts'

const node = aNode()
const { nodeId } = node
const code = aJoinCode()
const job = aJob({ nodeId })
const others = Array.from({ length: limits.jobsOpenPerNode }, () => aJob({ nodeId }))
const rollout = aRollout()

const enrolled = async (database: Database) => {
  await makeJoinCodeStore(database).putJoinCode(code)
  await makeFleetStore(database).enrolNode(node, code.codeHash)
}
const queued = async (database: Database) => {
  await enrolled(database)
  await makeJobStore(database).queueJob(job)
}
const crowded = async (database: Database) => {
  await enrolled(database)
  for (const other of others) await makeJobStore(database).queueJob(other)
}
const created = (database: Database) => makeRolloutStore(database).createRollout(rollout)

const jobCase = (
  method: keyof JobStore,
  shape: Pick<WriteCase, 'as' | 'given' | 'mayDiffer'>,
  write: (jobs: JobStore) => Promise<unknown>,
): WriteCase => ({
  file: 'job-store',
  method,
  ...shape,
  write: (database) => write(makeJobStore(database)),
})

const rolloutCase = (
  method: keyof RolloutStore,
  shape: Pick<WriteCase, 'as' | 'given'>,
  write: (rollouts: RolloutStore) => Promise<unknown>,
): WriteCase => ({
  file: 'rollout-store',
  method,
  ...shape,
  write: (database) => write(makeRolloutStore(database)),
})

const offered = { ...offerJob(job, anOffer(1)), rev: 2 }
const cancelled = { ...cancelJob(job, 'key_2', nowMs), rev: 2 }

export const jobCases: readonly WriteCase[] = [
  jobCase('queueJob', { as: 'the first', given: enrolled }, (jobs) => jobs.queueJob(job)),
  jobCase('queueJob', { as: 'under a taken reference', given: queued }, (jobs) =>
    jobs.queueJob(aJob({ nodeId, reference: job.reference })),
  ),
  jobCase('queueJob', { as: 'of a crowded node', given: crowded }, (jobs) => jobs.queueJob(job)),
  jobCase('queueJob', { as: 'of no node' }, (jobs) => jobs.queueJob(job)),
  jobCase('writeJob', { as: 'going on', given: queued }, (jobs) => jobs.writeJob(offered, 1)),
  jobCase('writeJob', { as: 'at its end', given: queued }, (jobs) => jobs.writeJob(cancelled, 1)),
  jobCase('writeJob', { as: 'written since', given: queued }, (jobs) => jobs.writeJob(offered, 0)),
  jobCase(
    'nextSeq',
    // A number that was lost on the way is never used: only that they rise is promised.
    { as: 'twice or once', mayDiffer: ['seq'] },
    async (jobs) => (await jobs.nextSeq(nodeId)) > 0,
  ),
  rolloutCase('createRollout', { as: 'the first' }, (rollouts) => rollouts.createRollout(rollout)),
  rolloutCase('createRollout', { as: 'under a taken reference', given: created }, (rollouts) =>
    rollouts.createRollout(aRollout({ reference: rollout.reference })),
  ),
  rolloutCase('writeRollout', { as: 'going on', given: created }, (rollouts) =>
    rollouts.writeRollout({ ...rollout, turns: 1, rev: 2 }, 1),
  ),
  rolloutCase('writeRollout', { as: 'at its end', given: created }, (rollouts) =>
    rollouts.writeRollout({ ...rollout, state: 'completed', rev: 2 }, 1),
  ),
  rolloutCase('writeRollout', { as: 'written since', given: created }, (rollouts) =>
    rollouts.writeRollout({ ...rollout, turns: 1, rev: 2 }, 0),
  ),
]
