// How the suite of the gateway's overhead makes figures of what it saw.
import type { Profiler } from 'node:inspector'
import { describe, expect, test } from 'vitest'
import { addedOf } from '../../bench/suites/overhead/added-time.ts'
import { idle, sharesOf } from '../../bench/suites/overhead/processor-time.ts'
import { sharesOfRequest } from '../../bench/suites/overhead/report.ts'
import { makeTimeline, msByStep } from '../../bench/suites/overhead/timeline.ts'

describe('waits by step', () => {
  test('of steps that overlap, a moment counts for the one that began first', () => {
    const ms = msByStep([
      { step: 'hold', fromMs: 10, toMs: 16 },
      { step: 'pool', fromMs: 4, toMs: 7 },
      { step: 'key', fromMs: 3, toMs: 9 },
      { step: 'settlement', fromMs: 15, toMs: 20 },
    ])
    expect(ms).toMatchObject({ key: 6, pool: 0, hold: 6, settlement: 4, proof: 0 })
  })

  test('a step is timed from its call until its promise settles, whichever way', async () => {
    let nowMs = 0
    const { watch, take } = makeTimeline(() => nowMs)
    const waiting = Promise.withResolvers<string>()
    const answer = watch('hold', (given: string) => waiting.promise.then((end) => given + end))('a')
    nowMs = 5
    waiting.resolve('z')
    expect(await answer).toBe('az')
    const failing = watch('decision', () => Promise.reject(new Error('lost')))
    await expect(failing()).rejects.toThrow('lost')
    expect(take()).toMatchObject({ hold: 5, decision: 0 })
    expect(take()).toMatchObject({ hold: 0 })
  })
})

describe('what is added', () => {
  const report = (ms: number, perSecond: number) => ({
    requests: 1,
    seconds: 1,
    perSecond,
    firstMs: { p50: ms, p99: 10 * ms, mean: ms },
    totalMs: { p50: 2 * ms, p99: 20 * ms, mean: 2 * ms },
    replyBytes: 1,
    cpuMs: 1,
  })

  test('is the difference within a round: what slowed both of it added nothing', () => {
    const direct = [report(1, 9), report(50, 9), report(2, 9)]
    const gateway = [report(3, 70), report(52, 30), report(5, 90)]
    const { firstP50, firstP99, endP50, perSecond } = addedOf(direct, gateway)
    expect(firstP50).toEqual({ median: 2, least: 2, most: 3 })
    expect(firstP99.median).toBe(20)
    expect(endP50.median).toBe(4)
    expect(perSecond.median).toBe(70)
  })
})

describe('processor time', () => {
  const frame = (id: number, url: string, children: number[] = [], functionName = 'f') => ({
    ...{ id, children },
    callFrame: { functionName, url, scriptId: '0', lineNumber: 0, columnNumber: 0 },
  })
  const nodes: Profiler.ProfileNode[] = [
    frame(1, '', [2, 4, 6, 7, 8], '(root)'),
    frame(2, 'file:///b3iq/src/gateway/app.ts', [3]),
    frame(3, 'file:///b3iq/src/adapters/aws/sign.ts', [5]),
    frame(4, 'node:net', [], 'toString'),
    frame(5, 'node:internal/crypto/hash'),
    frame(6, '', [], '(idle)'),
    frame(7, '', [], '(garbage collector)'),
    frame(8, 'node:internal/timers'),
  ]
  const profile = {
    nodes,
    startTime: 0,
    endTime: 0,
    samples: [2, 3, 5, 4, 6, 7, 8],
    timeDeltas: [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000],
  }

  test('what Node does for one of our files or a package counts with it', () => {
    expect(Object.fromEntries(sharesOf(profile))).toEqual({
      'the gateway’s own code': 1,
      'database client': 6,
      'Node: sockets and streams': 8,
      [idle]: 16,
      'garbage collection': 32,
      'Node: all else': 64,
    })
  })

  test('samples tell the shares, and the operating system the time', () => {
    const shares = new Map([
      ['a', 30],
      ['b', 10],
      [idle, 500],
    ])
    expect(sharesOfRequest({ shares, gatewayMs: 5 })).toEqual([
      { name: 'a', us: 3_750, share: 0.75 },
      { name: 'b', us: 1_250, share: 0.25 },
    ])
  })
})
