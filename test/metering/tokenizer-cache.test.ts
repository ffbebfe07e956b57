import { beforeEach, describe, expect, test } from 'vitest'
import type { RunnerCount } from '../../src/metering/ports.ts'
import {
  idleAfterMs,
  makeTokenizers,
  readWithinMs,
  retryAfterMs,
  tokenizersMax,
} from '../../src/metering/tokenizer-cache.ts'
import type { Sleep } from '../../src/protocol/clock.ts'

/** Ends only when it is told to. */
const patient: Sleep = (_, signal) =>
  new Promise((resolve) => signal?.addEventListener('abort', () => resolve()))

/** A runner of whatever is loaded into it; texts count as many tokens as letters. */
function makeBench() {
  const loaded = new Set<string>()
  const reads: string[] = []
  const failures: string[] = []
  const bench = {
    atMs: 0,
    read: async (digest: string): Promise<Buffer | undefined> => Buffer.from(digest),
    fault: undefined as string | undefined,
    /** Loads end only when they are let go. */
    gate: Promise.resolve(),
    atOnce: 0,
    atOnceMax: 0,
    count: undefined as RunnerCount | undefined,
    sleep: patient,
  }
  const tokenizers = makeTokenizers({
    readArtifact: (digest) => {
      reads.push(digest)
      return bench.read(digest)
    },
    runner: {
      load: async (digest) => {
        bench.atOnce += 1
        bench.atOnceMax = Math.max(bench.atOnceMax, bench.atOnce)
        await bench.gate
        bench.atOnce -= 1
        if (bench.fault === undefined) loaded.add(digest)
        return bench.fault
      },
      count: async (digest, texts) =>
        bench.count ?? (loaded.has(digest) ? texts.join('').length : 'gone'),
      drop: (digest) => void loaded.delete(digest),
    },
    nowMs: () => bench.atMs,
    sleep: (durationMs, signal) => bench.sleep(durationMs, signal),
    onFailure: ({ digest, reason }) => failures.push(`${digest}: ${reason}`),
  })
  return Object.assign(bench, { loaded, reads, failures, tokenizers })
}

let bench: ReturnType<typeof makeBench>
beforeEach(() => {
  bench = makeBench()
})

test('a tokenizer is read once, however many want it at a time, and counts', async () => {
  const counts = await Promise.all(['a', 'a', 'a'].map((digest) => bench.tokenizers.open(digest)))
  const again = await bench.tokenizers.open('a')
  expect(bench.reads).toEqual(['a'])
  for (const count of [...counts, again]) expect(await count?.(['abc', 'de'])).toBe(5)
})

test('one is loaded at a time; who would wait for more than four gets none and is no failure', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  bench.gate = promise
  const opening = ['a', 'b', 'c', 'd', 'e'].map((digest) => bench.tokenizers.open(digest))
  expect(await opening[4]).toBeUndefined()
  resolve()
  expect((await Promise.all(opening)).filter((count) => count !== undefined)).toHaveLength(4)
  expect(bench.atOnceMax).toBe(1)
  bench.atMs += idleAfterMs
  expect(await bench.tokenizers.open('e')).toBeDefined()
  expect(bench.failures).toEqual([])
})

describe('when four are in memory', () => {
  /** One every ten seconds. */
  const openAll = async (...digests: readonly string[]) => {
    for (const digest of digests) {
      bench.atMs += 10_000
      await bench.tokenizers.open(digest)
    }
  }
  const inMemory = () => [...bench.loaded].toSorted().join('')

  test('the one that was used longest ago makes room', async () => {
    await openAll('a', 'b', 'c', 'd', 'a', 'c')
    const countB = await bench.tokenizers.open('b')
    expect(bench.loaded.size).toBe(tokenizersMax)
    bench.atMs += idleAfterMs
    await openAll('e')
    expect(inMemory()).toBe('abce')
    await openAll('f')
    expect(inMemory()).toBe('bcef')
    await openAll('g')
    expect(inMemory()).toBe('befg')
    expect(await countB?.(['abc'])).toBe(3)
    expect(bench.failures).toEqual([])
  })

  test('none makes room that was used within a minute, and who comes then has not failed', async () => {
    await openAll('a', 'b', 'c', 'd')
    const readsBefore = [...bench.reads]
    bench.atMs = 10_000 + idleAfterMs - 1
    expect(await bench.tokenizers.open('e')).toBeUndefined()
    expect(bench.reads).toEqual(readsBefore)
    bench.atMs += 1
    expect(await bench.tokenizers.open('e')).toBeDefined()
    expect(inMemory()).toBe('bcde')
    expect(bench.failures).toEqual([])
  })

  test('counting is using', async () => {
    const countA = await bench.tokenizers.open('a')
    await openAll('b', 'c', 'd')
    bench.atMs += idleAfterMs
    await countA?.(['abc'])
    await openAll('e')
    expect(inMemory()).toBe('acde')
  })

  test('one that is used while another is read stays', async () => {
    await openAll('a', 'b', 'c', 'd')
    bench.atMs += idleAfterMs
    const { promise, resolve } = Promise.withResolvers<Buffer>()
    bench.read = () => promise
    const opening = bench.tokenizers.open('e')
    await Promise.all(['a', 'b', 'c', 'd'].map((digest) => bench.tokenizers.open(digest)))
    resolve(Buffer.from('e'))
    expect(await opening).toBeUndefined()
    expect(inMemory()).toBe('abcd')
  })

  test('who counted with the one that had to go counts no more, and it may come back', async () => {
    const countA = await bench.tokenizers.open('a')
    await openAll('b', 'c', 'd')
    bench.atMs += idleAfterMs
    await openAll('e')
    expect(await countA?.(['abc'])).toBeUndefined()
    bench.atMs += idleAfterMs
    expect(await bench.tokenizers.open('a')).toBeDefined()
    expect(bench.failures).toEqual([])
  })
})

describe('what fails is left alone for a minute', () => {
  const fails = async (reason: string) => {
    expect(await bench.tokenizers.open('a')).toBeUndefined()
    expect(await bench.tokenizers.open('a')).toBeUndefined()
    expect(bench.reads).toEqual(['a'])
    expect(bench.failures).toEqual([`a: ${reason}`])
    bench.atMs += retryAfterMs - 1
    expect(await bench.tokenizers.open('a')).toBeUndefined()
    const mended = { atMs: retryAfterMs, fault: undefined, count: undefined, sleep: patient }
    bench = Object.assign(bench, mended)
    bench.read = async (digest) => Buffer.from(digest)
    expect(await bench.tokenizers.open('a')).toBeDefined()
    expect(bench.reads).toEqual(['a', 'a'])
  }

  test('an artifact that is not kept', async () => {
    bench.read = async () => undefined
    await fails('the artifact is not kept here')
  })
  test('one that is not what its digest says', async () => {
    bench.read = async () => {
      throw new Error('The file has another digest.')
    }
    await fails('The file has another digest.')
  })
  test('one that is not read within ten seconds', async () => {
    bench.read = () => new Promise(() => undefined)
    bench.sleep = async (durationMs) => {
      if (durationMs !== readWithinMs) throw new Error('there is one wait')
    }
    await fails('the artifact was not read within 10000 ms')
  })
  test('a file that is no tokenizer', async () => {
    bench.fault = 'no tokenizer.json'
    await fails('no tokenizer.json')
  })
  test('a tokenizer that is lost while it counts', async () => {
    const count = await bench.tokenizers.open('a')
    bench.count = 'gone'
    expect(await count?.(['abc'])).toBeUndefined()
    // Nothing of it stays with the runner.
    expect(bench.loaded).toEqual(new Set())
    await fails('the tokenizer is lost')
  })
})

test.each([
  ['too much to count at once', 'busy'],
  ['one text that cannot be counted', 'failed'],
] as const)('%s turns no tokenizer off', async (_, outcome) => {
  const count = await bench.tokenizers.open('a')
  bench.count = outcome
  expect(await count?.(['abc'])).toBeUndefined()
  bench.count = undefined
  expect(await count?.(['abc'])).toBe(3)
  expect(bench.failures).toEqual([])
})
