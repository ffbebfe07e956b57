import { describe, expect, test } from 'vitest'
import { OllamaName } from '../../src/protocol/catalogue.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { hashRanges, rangeBytesMax, rangeCount } from '../../src/protocol/hash-ranges.ts'
import {
  isGenuineJob,
  JobOrder,
  jobTerms,
  jobTypes,
  orderOf,
  SignedJob,
  signJob,
} from '../../src/protocol/job.ts'
import {
  isResultSmall,
  JobResult,
  signResult,
  verifyResult,
} from '../../src/protocol/job-report.ts'
import { limits } from '../../src/protocol/limits.ts'
import {
  compareVersions,
  isGenuineRelease,
  Release,
  signRelease,
} from '../../src/protocol/release.ts'
import { aSignedJob, jobKey, nodeId, nowMs } from '../apps/host/jobs/support.ts'

const digest = `sha256:${'a'.repeat(64)}`
const build = { profile_id: 'p1', artifact_digest: digest }

describe('the list of types', () => {
  test('is this one', () => {
    expect(jobTypes).toEqual([
      'health.check',
      'inventory.refresh',
      'model.pull',
      'model.remove',
      'model.hash_range',
      'runtime.restart',
      'tunnel.reconnect',
      'config.set',
      'agent.update',
      'diagnostics.bundle',
      'drain',
      'resume',
    ])
    expect(Object.keys(jobTerms).toSorted()).toEqual([...jobTypes].toSorted())
  })

  test('has no type for a machine that nobody enrolled', () => {
    for (const { modes } of Object.values(jobTerms)) expect(modes).not.toContain('local')
  })
})

describe('arguments', () => {
  test.each<[string, unknown]>([
    ['health.check', { command: 'id' }],
    ['model.pull', build],
    ['model.pull', { ...build, ollama_name: 'https://evil.example/model' }],
    ['model.pull', { ...build, ollama_name: 'evil.example/maker/model' }],
    ['model.pull', { ...build, ollama_name: '../../etc/passwd' }],
    ['model.remove', { ...build, path: '/' }],
    ['model.hash_range', { ...build, nonce: 'short' }],
    ['runtime.restart', { runtime_id: 'ssh.service' }],
    ['runtime.restart', { runtime_id: 'main', service: 'sshd.service' }],
    ['config.set', { key: 'mode', value: 'network' }],
    ['config.set', { key: 'max_concurrency', value: 0 }],
    ['agent.update', { url: 'https://evil.example/agent' }],
    ['drain', { reason: 'because' }],
  ])('of %s are not %j', (type, args) => {
    expect(JobOrder.safeParse({ type, args }).success).toBe(false)
    expect(orderOf({ type, args } as never)).toEqual({ kind: 'invalid_args' })
  })

  test('of a type of tomorrow make it unknown, not malformed', () => {
    const { job } = aSignedJob({ type: 'model.convert', args: { to: 'q4' } })
    expect(SignedJob.safeParse(signJob(job, jobKey)).success).toBe(true)
    expect(orderOf(job)).toEqual({ kind: 'unknown_type' })
  })

  test.each(['qwen2.5:0.5b', 'llama3.2', 'maker/model:latest', 'a'])(
    'may be pulled as %s',
    (name) => {
      expect(OllamaName.safeParse(name).success).toBe(true)
    },
  )
})

describe('a signature', () => {
  test('covers every field of the job', () => {
    const signed = aSignedJob()
    expect(isGenuineJob(signed, jobKey.publicKey)).toBe(true)
    for (const field of Object.keys(signed.job)) {
      const job = { ...signed.job, [field]: 'changed' }
      expect(isGenuineJob({ ...signed, job } as never, jobKey.publicKey), field).toBe(false)
    }
  })

  test('of a result stands for no acceptance and no job', () => {
    const node = makeSigner(generatePrivateKey())
    const result = JobResult.parse({
      v: 1,
      stage: 'test',
      job_id: aSignedJob().job.job_id,
      attempt: 1,
      node_id: nodeId,
      job_sha256: 'a'.repeat(64),
      status: 'succeeded',
      reason: null,
      output: { text: 'x' },
      started_at_ms: nowMs,
      finished_at_ms: nowMs,
    })
    expect(verifyResult(signResult(result, node), node.publicKey)).toBe(true)
    const signature = node.sign('b3iq:job-acceptance:v1', result)
    expect(verifyResult({ result, signature }, node.publicKey)).toBe(false)
    expect(isResultSmall(result)).toBe(true)
    const large = { ...result, output: 'x'.repeat(limits.jobResultBytes) }
    expect(isResultSmall(large)).toBe(false)
  })
})

describe('a release', () => {
  const key = makeSigner(generatePrivateKey())
  const release = {
    v: 1,
    version: '1.10.0',
    sha256: 'a'.repeat(64),
    size_bytes: 10,
    urls: ['https://releases.example/agent'],
  } as const

  test('is genuine by its key alone', () => {
    const signed = signRelease({ ...release, urls: [...release.urls] }, key)
    expect(isGenuineRelease(signed, key.publicKey)).toBe(true)
    expect(isGenuineRelease(signed, jobKey.publicKey)).toBe(false)
    const newer = { ...signed, release: { ...signed.release, version: '1.11.0' } }
    expect(isGenuineRelease(newer, key.publicKey)).toBe(false)
  })

  test.each([
    { urls: ['http://releases.example/agent'] },
    { urls: [] },
    { version: '1.0' },
    { version: '1.0.0-rc.1' },
    { size_bytes: 0 },
  ])('cannot be %j', (change) => {
    expect(Release.safeParse({ ...release, ...change }).success).toBe(false)
  })

  test.each([
    ['1.2.3', '1.2.3', 0],
    ['1.10.0', '1.9.9', 1],
    ['0.9.10', '1.0.0', -1],
    ['2.0.0', '1.99.99', 1],
  ])('%s against %s', (one, other, sign) => {
    expect(Math.sign(compareVersions(one, other))).toBe(sign)
    expect(Math.sign(compareVersions(other, one))).toBe(-sign || 0)
  })
})

test.each([1, 1_000, rangeBytesMax, 10 * 1024 ** 3])(
  'ranges lie within a file of %i bytes',
  (size) => {
    const ranges = hashRanges('n'.repeat(22), size)
    expect(ranges).toHaveLength(rangeCount)
    for (const { offset, length } of ranges) {
      expect(offset).toBeGreaterThanOrEqual(0)
      expect(offset + length).toBeLessThanOrEqual(size)
    }
    expect(hashRanges('m'.repeat(22), size)).toHaveLength(rangeCount)
    if (size > 10 * rangeBytesMax) expect(hashRanges('m'.repeat(22), size)).not.toEqual(ranges)
  },
)
