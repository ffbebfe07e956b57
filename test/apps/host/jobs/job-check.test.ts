import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeJob } from '../../../../apps/host/jobs/job-check.ts'
import { generatePrivateKey, makeSigner } from '../../../../src/protocol/ed25519.ts'
import { type Job, jobLifeMsMax, type SignedJob, signJob } from '../../../../src/protocol/job.ts'
import { aSignedJob, expectation, jobKey, nowMs } from './support.ts'

const judge = (offered: unknown, changes: Partial<typeof expectation> = {}) =>
  judgeJob(offered, { ...expectation, ...changes })

const [receiptKey, ticketKey] = [makeSigner(generatePrivateKey()), makeSigner(generatePrivateKey())]

describe('a job for this node', () => {
  it('runs', () => {
    expect(judge(aSignedJob())).toMatchObject({ kind: 'run', order: { type: 'health.check' } })
  })

  it('waits for its time', () => {
    expect(judge(aSignedJob({ not_before_ms: nowMs + 60_000 }))).toEqual({ kind: 'wait' })
  })

  it.each<[string, Partial<Job>, Partial<typeof expectation>]>([
    ['expired', { expires_at_ms: nowMs }, {}],
    ['bad_terms', { expires_at_ms: nowMs + jobLifeMsMax + 1 }, {}],
    ['bad_terms', { timeout_ms: 24 * 3_600_000 }, {}],
    ['unknown_type', { type: 'shell.run', args: { command: 'id' } }, {}],
    ['invalid_args', { args: { command: 'id' } }, {}],
    ['invalid_args', { type: 'runtime.restart', args: { runtime_id: 'a; rm -rf /' } }, {}],
    ['agent_too_old', { requires: { agent: '0.2.0', modes: ['network'] } }, {}],
    ['mode_not_allowed', {}, { mode: 'local' }],
    ['mode_not_allowed', { requires: { agent: '0.1.0', modes: ['managed'] } }, {}],
  ])('is refused with a reason: %s', (reason, job, changes) => {
    expect(judge(aSignedJob(job), changes)).toMatchObject({ kind: 'reject', reason })
  })

  it.each<[string, unknown, Partial<typeof expectation>]>([
    ['malformed', { job: {} }, {}],
    ['malformed', null, {}],
    ['unknown_key', aSignedJob({ key_id: 'jk_2' }), {}],
    ['unknown_key', aSignedJob(), { jobKeys: [] }],
    ['bad_signature', signJob(aSignedJob().job, receiptKey), {}],
    ['bad_signature', { ...aSignedJob(), signature: jobKey.sign('b3iq:receipt:v1', {}) }, {}],
    ['wrong_stage', aSignedJob({ stage: 'other' }), {}],
    ['wrong_node', aSignedJob({ node_id: `n_${'b'.repeat(26)}` }), {}],
    ['replayed', aSignedJob({ job_seq: 10 }), {}],
    ['replayed', aSignedJob({ job_seq: 11 }), { lastSeq: 11 }],
  ])('is not what came, so it is dropped: %s', (why, offered, changes) => {
    expect(judge(offered, changes)).toEqual({ kind: 'drop', why })
  })
})

/** What must never run, whoever made it and however it was bent on the way. */
type Bent = { readonly how: string; readonly offered: unknown }
const laterMs = fc.integer({ min: 5_001, max: 10 * jobLifeMsMax })
const earlierMs = fc.integer({ min: 0, max: nowMs })

const resigned = (job: Partial<Job>, by = jobKey) => signJob({ ...aSignedJob().job, ...job }, by)
const bent: fc.Arbitrary<Bent> = fc.oneof(
  earlierMs.map((ms) => ({ how: 'expired', offered: resigned({ expires_at_ms: nowMs - ms }) })),
  laterMs.map((ms) => ({ how: 'too early', offered: resigned({ not_before_ms: nowMs + ms }) })),
  fc
    .integer({ min: 1, max: expectation.lastSeq })
    .map((job_seq) => ({ how: 'replayed', offered: resigned({ job_seq }) })),
  fc
    .constantFrom(receiptKey, ticketKey, makeSigner(generatePrivateKey()))
    .map((key) => ({ how: 'wrong key', offered: resigned({}, key) })),
  fc
    .string({ minLength: 1, maxLength: 64 })
    .filter((type) => type !== 'health.check')
    .map((type) => ({
      how: 'unknown type or wrong arguments',
      offered: resigned({ type, args: { x: 1 } }),
    })),
  fc
    .stringMatching(/^n_[a-z2-7]{26}$/)
    .map((node_id) => ({ how: 'foreign node', offered: resigned({ node_id }) })),
  fc.json().map((text) => ({ how: 'some JSON', offered: JSON.parse(text) })),
  fc
    .tuple(fc.nat(), fc.integer({ min: 1, max: 255 }))
    .map(([at, by]) => ({ how: 'mutated', offered: mutated(aSignedJob(), at, by) })),
  fc
    .constantFrom('', 'A'.repeat(86), 'unsigned')
    .map((signature) => ({ how: 'unsigned', offered: { ...aSignedJob(), signature } })),
)

/** One byte of its text changed; undefined where that is no JSON any more. */
function mutated(signed: SignedJob, at: number, by: number): unknown {
  const bytes = Buffer.from(JSON.stringify(signed))
  const index = at % bytes.length
  bytes[index] = (bytes[index] ?? 0) ^ by
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

describe('no job runs', () => {
  it('that is unsigned, expired, early, replayed, foreign, unknown, of another key or bent', () => {
    fc.assert(
      fc.property(bent, ({ how, offered }) => {
        expect(judge(offered).kind, how).not.toBe('run')
      }),
      { numRuns: 2_000 },
    )
  })

  it('whose document a key signed for anything else', () => {
    const { job } = aSignedJob()
    const tags = [
      'b3iq:ticket:v1',
      'b3iq:receipt:v1',
      'b3iq:job-result:v1',
      'b3iq:release:v1',
    ] as const
    for (const tag of tags) {
      expect(judge({ job, signature: jobKey.sign(tag, job) }).kind).toBe('drop')
    }
  })
})
