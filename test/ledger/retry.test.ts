import { describe, expect, test } from 'vitest'
import { resolveUnknown } from '../../src/ledger/retry.ts'

/** A write that answers in this order, the last answer for ever; with the pauses between tries. */
function write(...answers: readonly string[]) {
  const pausesMs: number[] = []
  let tries = 0
  const run = () =>
    resolveUnknown(
      async () => {
        tries += 1
        return { kind: answers[Math.min(tries, answers.length) - 1] ?? '' }
      },
      async (durationMs) => {
        pausesMs.push(durationMs)
      },
    )
  return { run, pausesMs, tries: () => tries }
}

describe('a write', () => {
  test.each(['done', 'refused'])('that is %s is not repeated', async (answer) => {
    const { run, pausesMs, tries } = write(answer)
    expect(await run()).toEqual({ kind: answer })
    expect([tries(), pausesMs]).toEqual([1, []])
  })

  test('of unknown outcome is repeated until it is known', async () => {
    const { run, pausesMs, tries } = write('unknown', 'done')
    expect(await run()).toEqual({ kind: 'done' })
    expect([tries(), pausesMs]).toEqual([2, [100]])
  })

  test('that stays unknown is given up after three tries', async () => {
    const { run, pausesMs, tries } = write('unknown')
    expect(await run()).toEqual({ kind: 'unknown' })
    expect([tries(), pausesMs]).toEqual([3, [100, 200]])
  })

  test('that throws is a bug and not repeated', async () => {
    const broken = () => Promise.reject(new Error('broken'))
    const pause = () => Promise.reject(new Error('paused'))
    await expect(resolveUnknown(broken, pause)).rejects.toThrow('broken')
  })
})
