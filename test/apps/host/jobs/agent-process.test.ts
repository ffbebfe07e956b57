// Jobs on the agent as it is shipped: a process of its own that is killed in the middle of them.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import type { Heartbeat } from '../../../../src/protocol/heartbeat.ts'
import { type JobOrder, jobTerms, type SignedJob } from '../../../../src/protocol/job.ts'
import { stage } from '../support/gateway.ts'
import { openHost } from '../support/host-process.ts'
import { aSignedJob, jobKey } from './support.ts'

const keys = [{ key_id: 'jk_1', public_key: jobKey.publicKey }]
const patience = { timeout: 10_000, interval: 50 }

/** Orders in turn, each with the number of its place; offered again and again, as after lost replies. */
function offering(orders: readonly JobOrder[]) {
  const made = new Map<number, SignedJob>()
  return ({ node_id }: Heartbeat) => ({
    next_in_ms: 300,
    jobs: orders.map((order, index) => {
      const nowMs = Date.now()
      const changes = {
        stage,
        node_id,
        job_seq: index + 1,
        issued_at_ms: nowMs,
        not_before_ms: nowMs,
        expires_at_ms: nowMs + 3_600_000,
        timeout_ms: jobTerms[order.type].timeoutMs,
      }
      const job = made.get(index) ?? aSignedJob(changes, order)
      made.set(index, job)
      return job
    }),
  })
}

const resultsOf = ({ ingest }: Awaited<ReturnType<typeof openHost>>) =>
  ingest.jobReports.flatMap((one) => (one.kind === 'result' ? [one.result.result] : []))

it('a job that ran when the agent was killed is told as such and not run again', async () => {
  const digest = `sha256:${'e'.repeat(64)}`
  const args = { profile_id: 'p1', artifact_digest: digest, ollama_name: 'small:q4' }
  const host = await openHost({
    jobPublicKeys: keys,
    beatReply: offering([{ type: 'model.pull', args }]),
    reply: { pieces: ['{"status":"pulling"}\n'], end: 'hang' },
  })
  await host.enroll()
  const first = await host.run()
  const journal = () => readFile(join(host.folder, 'state.jobs.json'), 'utf8')
  await vi.waitFor(async () => {
    expect(JSON.parse(await journal()).entries).toMatchObject([{ phase: 'running' }])
    expect(host.runtime.asked.map(({ path }) => path)).toEqual(['/api/pull'])
  }, patience)
  first.child.kill('SIGKILL')
  await once(first.child, 'close')

  const beatsBefore = host.ingest.beats.length
  await host.run()
  await vi.waitFor(() => {
    expect(resultsOf(host)).toMatchObject([{ status: 'failed', reason: 'agent_restarted' }])
    expect(host.ingest.beats.length).toBeGreaterThan(beatsBefore + 3)
  }, patience)
  expect(host.ingest.beats.at(-1)?.jobs).toEqual({ active: [], last_seq: 1 })
  expect(host.runtime.asked).toHaveLength(1)
  expect(JSON.parse(await journal()).entries).toEqual([])
}, 60_000)

it('what jobs have set outlives the agent, below the owner’s limits', async () => {
  const orders: JobOrder[] = [
    { type: 'drain', args: {} },
    { type: 'config.set', args: { key: 'max_concurrency', value: 2 } },
  ]
  const host = await openHost({
    jobPublicKeys: keys,
    beatReply: (beat) => offer(beat),
    config: { owner_limits: { max_concurrency: 4, paid_enabled: true } },
  })
  let offer = offering(orders)
  await host.enroll()
  const first = await host.run()
  const lastBeat = () => host.ingest.beats.at(-1)
  const at = (capacity: number) => ({
    owner_limits: { max_concurrency: capacity },
    runtimes: [{ queue: { capacity } }],
  })
  const held = { state: 'draining', ...at(2) }
  await vi.waitFor(() => expect(lastBeat()).toMatchObject(held), patience)
  expect(host.ingest.beats[0]?.owner_limits.max_concurrency).toBe(4)
  first.child.kill('SIGKILL')
  await once(first.child, 'close')

  const seen = host.ingest.beats.length
  await host.run()
  await vi.waitFor(() => expect(host.ingest.beats.length).toBeGreaterThan(seen), patience)
  expect(host.ingest.beats[seen]).toMatchObject(held)
  const raise = { type: 'config.set', args: { key: 'max_concurrency', value: 4096 } } as const
  offer = offering([...orders, { type: 'resume', args: {} }, raise])
  const back = { state: 'ready', ...at(4) }
  await vi.waitFor(() => expect(lastBeat()).toMatchObject(back), patience)
}, 60_000)
