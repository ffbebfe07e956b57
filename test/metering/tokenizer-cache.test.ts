import { beforeEach, describe, expect, test } from 'vitest'
import type { RunnerCount } from '../../src/metering/ports.ts'
import { makeTokenizers, retryAfterMs, tokenizersMax } from '../../src/metering/tokenizer-cache.ts'

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
  expect(await bench.tokenizers.open('e')).toBeDefined()
  expect(bench.failures).toEqual([])
})

test('the one that was used longest ago makes room', async () => {
  for (const digest of ['a', 'b', 'c', 'd']) await bench.tokenizers.open(digest)
  const countA = await bench.tokenizers.open('a')
  const countB = await bench.tokenizers.open('b')
  await bench.tokenizers.open('a')
  await bench.tokenizers.open('c')
  await bench.tokenizers.open('e')
  expect([...bench.loaded].toSorted()).toEqual(['a', 'b', 'c', 'e'])
  await bench.tokenizers.open('f')
  expect([...bench.loaded].toSorted()).toEqual(['a', 'c', 'e', 'f'])
  expect(bench.loaded.size).toBe(tokenizersMax)
  expect(await countA?.(['abc'])).toBe(3)
  // Who counted with the one that had to go counts no more, and it may be loaded again at once.
  expect(await countB?.(['abc'])).toBeUndefined()
  expect(await bench.tokenizers.open('b')).toBeDefined()
  expect(bench.failures).toEqual([])
})

describe('what fails is left alone for a minute', () => {
  const fails = async (reason: string) => {
    expect(await bench.tokenizers.open('a')).toBeUndefined()
    expect(await bench.tokenizers.open('a')).toBeUndefined()
    expect(bench.reads).toEqual(['a'])
    expect(bench.failures).toEqual([`a: ${reason}`])
    bench.atMs += retryAfterMs - 1
    expect(await bench.tokenizers.open('a')).toBeUndefined()
    bench = Object.assign(bench, { atMs: retryAfterMs, fault: undefined, count: undefined })
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
  test('a file that is no tokenizer', async () => {
    bench.fault = 'no tokenizer.json'
    await fails('no tokenizer.json')
  })
  test('a tokenizer that is lost while it counts', async () => {
    const count = await bench.tokenizers.open('a')
    bench.count = 'gone'
    expect(await count?.(['abc'])).toBeUndefined()
    await fails('the tokenizer is lost')
  })
})

test('too much to count at once is no failure', async () => {
  const count = await bench.tokenizers.open('a')
  bench.count = 'busy'
  expect(await count?.(['abc'])).toBeUndefined()
  bench.count = undefined
  expect(await count?.(['abc'])).toBe(3)
  expect(bench.failures).toEqual([])
})
