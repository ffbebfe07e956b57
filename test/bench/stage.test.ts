// The parts on which requests are measured, each asked once.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Load, startLoad } from '../../bench/stage/load.ts'
import { type BenchStage, openBenchStage } from '../../bench/stage/open-stage.ts'
import { chatBody } from '../../bench/stage/prompt.ts'
import { startGateway } from '../../bench/stage/start-gateway.ts'
import type { Server } from '../../bench/stage/start-server.ts'
import { ticketHeader } from '../../src/protocol/ticket.ts'

const model = 'bench/words-3'
const path = '/v1/chat/completions'
// As it is deployed it takes seconds to be bundled.
const file = join(import.meta.dirname, '..', '..', 'functions', 'gateway', 'server.ts')

let stage: BenchStage
let load: Load
let gateway: Server

beforeAll(async () => {
  ;[stage, load] = await Promise.all([
    openBenchStage({ models: [model], customers: 2 }),
    startLoad(),
  ])
  gateway = await startGateway(await stage.environment('canned'), { file })
})
afterAll(() => Promise.all([load.stop(), gateway.stop(), stage.close()]))

const asked = (isStream: boolean) => ({
  ...{ isStream, body: chatBody(model, isStream) },
  concurrency: 2,
  until: { requests: 2 },
})

describe.each([true, false])('where answers are streamed: %s', (isStream) => {
  test('the host answers whoever asks', async () => {
    const report = await load.run({
      ...asked(isStream),
      url: `${stage.host.url}${path}`,
      headers: [{}],
    })
    expect(report.requests).toBe(2)
    expect(report.firstMs.p50).toBeLessThanOrEqual(report.totalMs.p50)
  })

  test('the gateway answers customers, over a database that keeps nothing', async () => {
    const before = await gateway.usage()
    const report = await load.run({
      ...asked(isStream),
      url: `${gateway.url}${path}`,
      headers: stage.headers,
    })
    expect(report.requests).toBe(2)
    const after = await gateway.usage()
    expect(after.cpuMs).toBeGreaterThan(before.cpuMs)
    expect(after.peakKb).toBeGreaterThanOrEqual(after.residentKb)
  })
})

test('an answer that is none fails the run, with what was said', async () => {
  const order = { ...asked(false), body: chatBody('bench/words-4', false) }
  const refused = load.run({ ...order, url: `${gateway.url}${path}`, headers: stage.headers })
  await expect(refused).rejects.toThrow(/was refused: HTTP\/1\.1 404 .*bench\/words-4/)
})

test('a ticket that the stage did not sign is refused by the host', async () => {
  const response = await fetch(`${stage.host.url}${path}`, {
    method: 'POST',
    headers: { [ticketHeader]: 'bm90IGEgdGlja2V0' },
    body: chatBody(model, true),
  })
  expect(response.status).toBe(401)
})
