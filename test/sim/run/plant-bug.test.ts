// Planted bugs fit the source as it is, and what is planted is what runs.
import { describe, expect, test } from 'vitest'
import { bugs, findBug } from '../bugs/corpus.ts'
import { buggySources, edited } from './plant-bug.ts'
import { runSeeds } from './run-workers.ts'

const edit = { file: 'src/a.ts', find: 'x + 1', replace: 'x + 2' }

describe('an edit', () => {
  test('changes the one place that it names', () => {
    expect(edited('const f = (x) => x + 1', edit)).toBe('const f = (x) => x + 2')
  })

  test.each([
    ['const f = (x) => x', '0 times'],
    ['x + 1; x + 1', '2 times'],
  ])('is refused where its text does not stand once: %s', (source, times) => {
    expect(() => edited(source, edit)).toThrow(`"x + 1" stands ${times} in src/a.ts, not once`)
  })
})

describe('the corpus', () => {
  test.each(bugs.map((bug) => [bug.name, bug] as const))('%s fits the source', (_, bug) => {
    const files = new Set(bug.edits.map(({ file }) => file))
    expect(buggySources(bug).size).toBe(files.size)
  })

  test('names each bug once', () => {
    expect(new Set(bugs.map(({ name }) => name)).size).toBe(bugs.length)
  })

  test('has a bug for every promise that the checker knows', () => {
    const broken = new Set(bugs.flatMap(({ breaks }) => breaks))
    const promises = [
      ...Array.from({ length: 15 }, (_, index) => `S${index + 1}`),
      ...['T1', 'L1', 'stop', 'deadline'],
    ]
    expect(promises.filter((name) => !broken.has(name))).toEqual([])
  })

  test('says which bugs there are', () => {
    expect(() => findBug('no-such-bug')).toThrow(/^There is no bug "no-such-bug"; there are settle/)
  })
})

test('a worker plays with the bug that was planted, and without it without', async () => {
  const play = (name?: string) => {
    const setup = { bug: name === undefined ? undefined : findBug(name), canary: false }
    return runSeeds({ from: 1, seeds: 10, workers: 1, setup, onProgress: () => undefined })
  }
  const sound = await play()
  expect({ failure: sound.failure, histories: sound.histories }).toEqual({
    failure: undefined,
    histories: 10,
  })
  expect((await play('counters-not-returned')).failure?.invariant).toBe('S14')
})
