import { rm } from 'node:fs/promises'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { execute } from '../../../../apps/host/jobs/execute.ts'
import { tightened } from '../../../../apps/host/jobs/job-limits.ts'
import { JobOrder, jobTypes } from '../../../../src/protocol/job.ts'
import { aRun, makeGround, owner } from './support.ts'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((path) => rm(path, { recursive: true, force: true }))))

const digest = `sha256:${'a'.repeat(64)}`
const build = { profile_id: 'p1', artifact_digest: digest }
const signature = 'A'.repeat(86)
const release = {
  v: 1,
  version: '9.9.9',
  sha256: 'a'.repeat(64),
  size_bytes: 1,
  urls: ['https://releases.example/agent'],
}
const setting = fc.oneof(
  fc.record({ key: fc.constant('max_concurrency'), value: fc.integer({ min: 1, max: 4096 }) }),
  fc.record({ key: fc.constant('paid_enabled'), value: fc.boolean() }),
)
const argsOf = {
  'health.check': fc.constant({}),
  'inventory.refresh': fc.constant({}),
  'model.pull': fc.constant({ ...build, ollama_name: 'llama:8b' }),
  'model.remove': fc.constant(build),
  'model.hash_range': fc.constant({ ...build, nonce: 'n'.repeat(22) }),
  'runtime.restart': fc.constantFrom({ runtime_id: 'main' }, { runtime_id: 'other' }),
  'tunnel.reconnect': fc.constant({}),
  'config.set': setting,
  'agent.update': fc.constant({ release: { release, signature } }),
  'diagnostics.bundle': fc.constant({}),
  drain: fc.constant({}),
  resume: fc.constant({}),
} as const
const anyOrder = fc.oneof(
  ...jobTypes.map((type) => argsOf[type].map((args) => JobOrder.parse({ type, args }))),
)

describe('an owner’s limits', () => {
  it('are loosened by no job of any type with any arguments, one after another', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyOrder, { maxLength: 8 }), async (orders) => {
        const { ground } = await makeGround({ agentUpdate: 'off' })
        folders.push(ground.releasesFolder.replace(/\/releases$/, ''))
        for (const order of orders) {
          await execute(order, ground, aRun().run)
          const limits = ground.limits()
          expect(limits.max_concurrency).toBeLessThanOrEqual(owner.max_concurrency)
          expect(!limits.paid_enabled || owner.paid_enabled).toBe(true)
          expect(ground.agentUpdate).toBe('off')
        }
      }),
      { numRuns: 60 },
    )
  })

  it('hold against whatever a job has set', () => {
    const limits = fc.record({
      max_concurrency: fc.integer({ min: 1, max: 4096 }),
      paid_enabled: fc.boolean(),
    })
    const settings = fc.record(
      { max_concurrency: fc.integer({ min: 1, max: 4096 }), paid_enabled: fc.boolean() },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(limits, settings, (own, set) => {
        const held = tightened(own, set)
        expect(held.max_concurrency).toBeLessThanOrEqual(own.max_concurrency)
        if (!own.paid_enabled) expect(held.paid_enabled).toBe(false)
        expect(tightened(own, {})).toEqual(own)
      }),
    )
  })

  it.each(['mode', 'schedule', 'max_power_w', 'agent_update', 'pause_when_gpu_used'])(
    'include %s, which no job can name',
    (key) => {
      for (const value of [null, 1, true, 'network']) {
        const order = { type: 'config.set', args: { key, value } }
        expect(JobOrder.safeParse(order).success).toBe(false)
      }
    },
  )
})
