import { expect, test } from 'vitest'
import { type PassEnd, runPasses } from '../../src/schedules/run-passes.ts'

/** When each pass began, in seconds, if passes take so long. */
async function beginnings(
  tookSeconds: readonly number[],
  end: PassEnd = 'busy',
): Promise<number[]> {
  let nowMs = 0
  const began: number[] = []
  const sleep = async (durationMs: number) => {
    nowMs += durationMs
  }
  await runPasses({ nowMs: () => nowMs, sleep }, { passes: 4, everyMs: 15_000 }, async () => {
    began.push(nowMs / 1000)
    nowMs += (tookSeconds[began.length - 1] ?? 0) * 1000
    return end
  })
  return began
}

test.each<[string, number[], number[]]>([
  ['four in a minute, 15 s apart', [1, 2, 3, 1], [0, 15, 30, 45]],
  ['the next at once after one that takes longer', [20, 1, 1, 1], [0, 20, 30]],
  ['none that might run into the next start', [25, 25], [0, 25]],
  ['one at least, however long it takes', [70], [0]],
  ['the last one ends with the minute', [15, 15, 15, 15], [0, 15, 30, 45]],
])('%s', async (_, tookSeconds, began) => {
  expect(await beginnings(tookSeconds)).toEqual(began)
})

test('nothing is waited for, and billed, where a pass found nothing to come back for', async () => {
  expect(await beginnings([1, 1, 1, 1], 'idle')).toEqual([0])
})

test('a schedule without passes of its own runs once and does not wait', async () => {
  const sleep = async () => {
    throw new Error('nothing to wait for')
  }
  let runs = 0
  await runPasses({ nowMs: () => 0, sleep }, { passes: 1, everyMs: 0 }, async () => {
    runs += 1
    return 'busy'
  })
  expect(runs).toBe(1)
})

test('a pass that fails ends the run, which is told and tried again', async () => {
  const run = async () => {
    throw new Error('no table')
  }
  const deps = { nowMs: () => 0, sleep: async () => undefined }
  await expect(runPasses(deps, { passes: 4, everyMs: 15_000 }, run)).rejects.toThrow('no table')
})
