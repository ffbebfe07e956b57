/** Jobs from an operator's order to a host's signed result, over the whole product. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { hashRanges, rangeHash } from '../../src/protocol/hash-ranges.ts'
import {
  SignedAcceptance,
  SignedResult,
  verifyAcceptance,
  verifyResult,
} from '../../src/protocol/job-report.ts'
import { type LocalStack, startLocalStack } from '../support/local-stack.ts'
import { chat, until } from './stack-asks.ts'

const Job = z.looseObject({
  id: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  acceptance: SignedAcceptance.nullable(),
  result: SignedResult.nullable(),
})
const Nodes = z.object({
  data: z.array(z.object({ id: z.string(), public_key: z.string(), state: z.string().nullable() })),
})
const endedWithinMs = 30_000

let stack: LocalStack
let node: z.infer<typeof Nodes>['data'][number]
beforeAll(async () => {
  stack = await startLocalStack()
  node = await readNode()
})
afterAll(() => stack.stop())

async function readNode() {
  const { data } = await stack.admin.send('GET', '/admin/nodes', undefined, Nodes)
  const [first] = data
  if (!first) throw new Error('the stack has no node')
  return first
}

/** Ordered and carried to its end. */
async function run(type: string, args: object = {}) {
  const order = {
    type,
    args,
    reference: `e2e-${type}-${performance.now()}`.replace(/[^\w.-]/g, ''),
  }
  const path = `/admin/nodes/${node.id}/jobs`
  const ordered = await stack.admin.send('POST', path, order, Job)
  const { value } = await until(
    () => stack.admin.send('GET', `/admin/jobs/${ordered.id}`, undefined, Job),
    ({ state }) => !['queued', 'offered', 'accepted', 'running'].includes(state),
    endedWithinMs,
  )
  return value
}

const ask = () => chat(stack, { maxTokens: 8 })

test('a health check succeeds, and both sides have signed for it', async () => {
  const job = await run('health.check')
  expect(job).toMatchObject({ state: 'succeeded', reason: null })
  const { acceptance, result } = job
  if (!acceptance || !result) throw new Error('there is no evidence')
  expect(verifyAcceptance(acceptance, node.public_key)).toBe(true)
  expect(verifyResult(result, node.public_key)).toBe(true)
  expect(result.result).toMatchObject({
    job_id: job.id,
    output: { state: 'ready', runtimes: [{ id: 'runtime', reachable: true }] },
  })
})

test('a diagnostics bundle tells what helps and no secret', async () => {
  const { state, result } = await run('diagnostics.bundle')
  expect(state).toBe('succeeded')
  expect(result?.result.output).toMatchObject({
    agent_update: 'auto',
    last_beat: { code: 'ok' },
    runtimes: [{ id: 'runtime' }],
  })
  expect(JSON.stringify(result)).not.toMatch(/PRIVATE|"d":|b3iq-join-|sk-b3iq/)
})

test('a drain stops dispatches and a resume brings them back', async () => {
  expect((await ask()).status).toBe(200)
  expect(await run('drain')).toMatchObject({ state: 'succeeded' })
  // At once, whatever a pool still says: the agent takes nothing more.
  expect((await ask()).status).toBe(503)
  expect(await readNode()).toMatchObject({ id: node.id })
  expect(await run('resume')).toMatchObject({ state: 'succeeded' })
  await until(ask, ({ status }) => status === 200, endedWithinMs)
}, 90_000)

test('the model file answers for parts that a nonce draws', async () => {
  const Models = z.object({
    data: z.array(
      z.object({ id: z.string(), profiles: z.array(z.object({ profile_id: z.string() })) }),
    ),
  })
  const { data } = await stack.admin.send('GET', '/admin/models', undefined, Models)
  const sold = data.find(({ id }) => id === stack.ready.model)
  const args = { profile_id: sold?.profiles[0]?.profile_id }
  const job = await run('model.hash_range', args)
  expect(job.state).toBe('succeeded')
  const file = await readFile(join(stack.dataDir, 'demo.gguf'))
  const { nonce } = z.object({ nonce: z.string() }).parse(job.args)
  const hashes = hashRanges(nonce, file.length).map(({ offset, length }, index) =>
    rangeHash(nonce, index, file.subarray(offset, offset + length)),
  )
  expect(job.result?.result.output).toEqual({ size_bytes: file.length, hashes })
})

test('what the host cannot do is refused with its reason', async () => {
  const restart = await run('runtime.restart', { runtime_id: 'runtime' })
  expect(restart).toMatchObject({ state: 'rejected', reason: 'no_service_configured' })
})
