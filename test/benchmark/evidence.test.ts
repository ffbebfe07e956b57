import { describe, expect, test } from 'vitest'
import { evidenceOf } from '../../src/benchmark/evidence.ts'
import type { Measured } from '../../src/benchmark/measure.ts'
import type { HotItem, NodeFacts } from '../../src/fleet/node.ts'
import { aBeat, aBenchmark, aHostFacts, aNode, aProfile } from '../adapters/dynamodb/facts.ts'
import { anAnswer } from './answers.ts'

const atMs = Date.UTC(2026, 10, 21)
const node = aNode({ trustTier: 'T1' })
const { nodeId } = node
const profile = aProfile(nodeId, { artifactBytes: 4_900_000_000 })
const hot: HotItem = {
  ...aBeat(nodeId),
  isRevoked: false,
  probe: undefined,
  disabledProfiles: [],
  breakers: {},
  liveness: 'fresh',
}
const { capabilities } = aBenchmark()

/** An answer of a hundred tokens at so many tokens a second. */
const at = (tokensPerSecond: number, firstContentMs = 200) =>
  anAnswer({
    firstContentMs,
    lastContentMs: firstContentMs + 99_000 / tokensPerSecond,
  })

const measured: Measured = {
  kind: 'measured',
  prefill: [at(50, 300), at(50, 400)],
  decode: [at(50, 100), at(60, 200)],
  together: [at(40), at(30), at(20)],
  concurrencyAtTarget: 2,
  failures: 1,
  capabilities,
}
const evidence = (of: Partial<Measured> = {}, about: { node?: NodeFacts; hot?: HotItem } = {}) =>
  evidenceOf({ node, hot, profile, ...about }, { ...measured, ...of }, { atMs, isPaid: true })

describe('evidence', () => {
  test('sums a run up', () => {
    expect(evidence()).toMatchObject({
      atMs,
      isPaid: true,
      samples: 7,
      firstContentP50Ms: 200,
      firstContentP95Ms: 400,
      concurrencyAtTarget: 2,
      errorRate: 0.125,
      countRatio: 1,
      capabilities,
      flags: [],
    })
  })

  test('takes speeds alone and together, as customers get them', () => {
    expect(evidence()?.tokensPerSecondP50).toBeCloseTo(40)
    expect(evidence()?.tokensPerSecondP5).toBeCloseTo(20)
    expect(evidence({ together: [] })?.tokensPerSecondP50).toBeCloseTo(50)
  })

  test('takes the same middle of every measure: the lower one of two', () => {
    const two = { prefill: [at(50, 300), at(50, 600)], decode: [], together: [at(40), at(20)] }
    expect(evidence(two)?.firstContentP50Ms).toBe(300)
    // 50 prompt tokens, after 300 ms and after 600.
    expect(evidence(two)?.prefillTokensPerSecond).toBeCloseTo(83.333)
    expect(evidence(two)?.tokensPerSecondP50).toBeCloseTo(20)
  })

  test('judges by the GPU alone what one stream alone reached', () => {
    const gpu = { uuid: 'GPU-1', name: 'NVIDIA GeForce RTX 4090', mem_total_mib: 24_576 }
    const gpus = [{ ...gpu, compute_capability: '8.9' }]
    const about = { node: { ...node, hostFacts: { ...aHostFacts, gpus } } }
    expect(evidence({}, about)?.flags).toEqual([])
    expect(evidence({ decode: [at(400)] }, about)?.flags).toEqual(['above_roofline'])
    expect(evidence({ together: [at(400), at(400), at(400)] }, about)?.flags).toEqual([])
  })

  test('is not made without the runtime’s version', () => {
    expect(evidence({}, { hot: { ...hot, queues: {} } })).toBeUndefined()
  })

  test('has an id that changes with anything it says', () => {
    const others = [
      evidence({ failures: 0 }),
      evidence({ decode: [at(50)] }),
      evidence({ capabilities: { ...capabilities, tools: false } }),
      evidence({}, { hot: { ...hot, factsDigest: 'e'.repeat(64) } }),
      evidenceOf({ node, hot, profile }, measured, { atMs, isPaid: false }),
      evidenceOf({ node, hot, profile }, measured, { atMs: atMs + 1, isPaid: true }),
    ]
    const made = [evidence(), ...others].map((one) => one?.benchmarkId)
    expect(new Set(made).size).toBe(made.length)
    expect(evidence()?.benchmarkId).toBe(evidence()?.benchmarkId)
  })
})
