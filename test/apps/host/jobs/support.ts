/** A signed job for this node, and an agent's ground that remembers what was done on it. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ulid } from 'ulid'
import type { Ground } from '../../../../apps/host/jobs/ground.ts'
import type { JobExpectation } from '../../../../apps/host/jobs/job-check.ts'
import { tightened } from '../../../../apps/host/jobs/job-limits.ts'
import { generatePrivateKey, makeSigner } from '../../../../src/protocol/ed25519.ts'
import { type Job, type JobOrder, signJob } from '../../../../src/protocol/job.ts'
import { nodeIdOf } from '../../../../src/protocol/node-identity.ts'

export const nowMs = Date.UTC(2026, 10, 21, 5, 10)
export const jobKey = makeSigner(generatePrivateKey())
export const node = makeSigner(generatePrivateKey())
export const nodeId = nodeIdOf(node.publicKey)

export const expectation: JobExpectation = {
  stage: 'test',
  nodeId,
  jobKeys: [{ key_id: 'jk_1', public_key: jobKey.publicKey }],
  lastSeq: 10,
  nowMs,
  agentVersion: '0.1.0',
  mode: 'network',
}

let made = 0

export function aSignedJob(
  changes: Partial<Job> = {},
  order: JobOrder = { type: 'health.check', args: {} },
) {
  made += 1
  const job: Job = {
    v: 1,
    stage: 'test',
    key_id: 'jk_1',
    job_id: `job_${ulid(nowMs + made)}`,
    attempt: 1,
    node_id: nodeId,
    job_seq: 11,
    issued_at_ms: nowMs,
    not_before_ms: nowMs,
    expires_at_ms: nowMs + 3_600_000,
    requires: { agent: '0.1.0', modes: ['managed', 'network'] },
    preflight: [],
    timeout_ms: 60_000,
    rollback: 'none',
    actor: 'key_1',
    approval: null,
    ...order,
    ...changes,
  }
  return signJob(job, jobKey)
}

export const owner = { max_concurrency: 4, paid_enabled: true }

/** Nothing is there and nothing can be done, but for the changes. */
export async function makeGround(changes: Partial<Ground> = {}) {
  const done: string[] = []
  let settings = {}
  const ground: Ground = {
    inFlight: () => 0,
    isRuntimeReachable: () => true,
    diskFreeBytes: async () => 20 * 1024 ** 3,
    runtimes: () => [],
    models: () => [],
    poll: async () => void done.push('poll'),
    fileOf: () => undefined,
    reconnect: async () => void done.push('reconnect'),
    tunnel: () => ({ kind: 'direct', state: 'up' }),
    keepSetting: async ({ key, value }) => {
      settings = { ...settings, [key]: value }
    },
    limits: () => {
      const { max_concurrency, paid_enabled } = tightened(owner, settings)
      return { max_concurrency, paid_enabled }
    },
    setDrained: async (drained) => void done.push(drained ? 'drained' : 'resumed'),
    facts: () => ({ state: 'ready' }),
    diagnostics: () => ({ agent: '0.1.0' }),
    agentUpdate: 'auto',
    agentVersion: '0.1.0',
    releasePublicKey: undefined,
    releasesFolder: join(await mkdtemp(join(tmpdir(), 'b3iq-jobs-')), 'releases'),
    serviceCommand: 'false',
    ...changes,
  }
  return { ground, done }
}

export const aRun = (signal: AbortSignal = new AbortController().signal) => {
  const percents: number[] = []
  return { run: { signal, progress: (percent: number) => void percents.push(percent) }, percents }
}
