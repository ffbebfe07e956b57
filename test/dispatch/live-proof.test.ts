import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LiveProofDeps, recordLiveProof } from '../../src/dispatch/live-proof.ts'
import { aBeat, aCandidate } from '../adapters/dynamodb/facts.ts'
import { askChat, streamOf } from '../support/chat-client.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { refuses, streams } from '../support/host-answers.ts'

const nowMs = 1_000_000_000

describe('a proof seen in a request', () => {
  const probe = (agoMs: number, failures = 0, epoch = 1) => ({
    probe: { okAtMs: nowMs - agoMs, failures, epoch },
  })

  test.each([
    ['of a route never probed', { probe: undefined }, true],
    ['where the hot item could not be read', undefined, true],
    ['of a route known good for a minute', probe(60_000), true],
    ['of a route known good from just now', probe(59_999), false],
    ['of a route that failed since', probe(1_000, 1), true],
    ['of a route known by its last epoch', probe(1_000, 0, 0), true],
  ])('%s', async (_, hot, isRecorded) => {
    const recorded: unknown[] = []
    const fleet = { recordProbe: async (proof: unknown) => void recorded.push(proof) }
    const candidate = aCandidate({ routeEpoch: 1 })
    await recordLiveProof({ fleet, nowMs: () => nowMs }, { candidate }, hot)
    const { nodeId } = candidate
    const proof = { nodeId, epoch: 1, atMs: nowMs, isGood: true, atMostEveryMs: 60_000 }
    expect(recorded).toEqual(isRecorded ? [proof] : [])
  })
})

describe('a paid request', () => {
  let bench: GatewayBench
  beforeAll(async () => {
    bench = await startGatewayBench()
  })
  afterAll(() => bench.stop())

  /** A host that beat just now and was probed 70 s before that. */
  async function saleProbedLongAgo() {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const laterMs = Date.now() + 70_000
    await bench.fleet.recordBeat(aBeat(host.nodeId, { seq: laterMs, beatAtMs: laterMs }))
    return { model, host, later: { nowMs: () => Date.now() + 70_000 } }
  }
  const probeOf = async (nodeId: string) =>
    (await bench.fleet.readHotItems([nodeId])).get(nodeId)?.probe

  test('renews what is known of its route, and the next one finds it known', async () => {
    const { model, host, later } = await saleProbedLongAgo()
    const before = await probeOf(host.nodeId)
    const customer = await bench.customer()
    const ask = async () =>
      streamOf(await askChat(bench.appOf(later), customer, { model: model.id, stream: true }))
    expect(await ask()).toMatchObject({ isDone: true })
    const after = await probeOf(host.nodeId)
    expect((after?.okAtMs ?? 0) - (before?.okAtMs ?? 0)).toBeGreaterThanOrEqual(60_000)
    expect(after).toMatchObject({ failures: 0, epoch: 1 })
    expect(await ask()).toMatchObject({ isDone: true })
    expect(await probeOf(host.nodeId)).toEqual(after)
  })

  test('writes it after the host was asked, and only for who served', async () => {
    const { model, host, later } = await saleProbedLongAgo()
    const seen: number[] = []
    const recordProbe: LiveProofDeps['fleet']['recordProbe'] = async () =>
      void seen.push(host.dispatches.length)
    const customer = await bench.customer()
    const app = bench.appOf({ ...later, fleet: { ...bench.fleet, recordProbe } })
    await streamOf(await askChat(app, customer, { model: model.id, stream: true }))
    expect(seen).toEqual([1])
    host.always(refuses(500))
    await (await askChat(app, customer, { model: model.id, stream: true })).text()
    expect(seen).toEqual([1])
  })

  test('is answered and settled all the same where it cannot be written', async () => {
    const { model, later } = await saleProbedLongAgo()
    const recordProbe = () => Promise.reject(new Error('throttled'))
    const customer = await bench.customer()
    const app = bench.appOf({ ...later, fleet: { ...bench.fleet, recordProbe } })
    const reply = await streamOf(await askChat(app, customer, { model: model.id, stream: true }))
    expect(reply).toMatchObject({ text: 'Hello', isDone: true })
    expect((await bench.onlyReceipt(customer)).body.result.status).toBe('completed')
  })

  test('of many at once writes once', async () => {
    const { nodeId } = (await saleProbedLongAgo()).host
    const atMs = Date.now() + 70_000
    const before = await probeOf(nodeId)
    const proof = { nodeId, epoch: 1, isGood: true, atMostEveryMs: 60_000 }
    for (const [laterMs, expected] of [
      [0, atMs],
      [1, atMs],
      [59_999, atMs],
      [60_000, atMs + 60_000],
    ] as const) {
      await bench.fleet.recordProbe({ ...proof, atMs: atMs + laterMs })
      expect(await probeOf(nodeId)).toEqual({ ...before, okAtMs: expected })
    }
  })

  test('opens a route that a failed probe had put in doubt, within the minute', async () => {
    const { nodeId } = (await saleProbedLongAgo()).host
    const atMs = Date.now() + 70_000
    await bench.fleet.recordProbe({ nodeId, epoch: 1, atMs, isGood: true })
    await bench.fleet.recordProbe({ nodeId, epoch: 1, atMs: atMs + 1, isGood: false })
    const proof = { nodeId, epoch: 1, isGood: true, atMostEveryMs: 60_000 }
    await bench.fleet.recordProbe({ ...proof, atMs: atMs + 2 })
    expect(await probeOf(nodeId)).toEqual({ okAtMs: atMs + 2, failures: 0, epoch: 1 })
  })
})
