import { describe, expect, test } from 'vitest'
import { resolveUnknown } from '../../src/ledger/retry.ts'

/** A write that answers in this order, the last answer for ever; with the pauses between tries. */
function write(...answers: readonly string[]) {
  const pausesMs: number[] = []
  const tries: number[] = []
  const run = () =>
    resolveUnknown(
      async (attempt) => {
        tries.push(attempt)
        return { kind: answers[Math.min(tries.length, answers.length) - 1] ?? '' }
      },
      async (durationMs) => {
        pausesMs.push(durationMs)
      },
    )
  return { run, pausesMs, tries }
}

describe('a write', () => {
  test.each(['done', 'refused'])('that is %s is not repeated', async (answer) => {
    const { run, pausesMs, tries } = write(answer)
    expect(await run()).toEqual({ kind: answer })
    expect([tries, pausesMs]).toEqual([[0], []])
  })

  test('of unknown outcome is repeated until it is known', async () => {
    const { run, pausesMs, tries } = write('unknown', 'done')
    expect(await run()).toEqual({ kind: 'done' })
    expect([tries, pausesMs]).toEqual([[0, 1], [100]])
  })

  test('that stays unknown is given up after four tries', async () => {
    const { run, pausesMs, tries } = write('unknown')
    expect(await run()).toEqual({ kind: 'unknown' })
    expect([tries, pausesMs]).toEqual([
      [0, 1, 2, 3],
      [100, 200, 300],
    ])
  })

  test('that throws is a bug and not repeated', async () => {
    const broken = () => Promise.reject(new Error('broken'))
    const pause = () => Promise.reject(new Error('paused'))
    await expect(resolveUnknown(broken, pause)).rejects.toThrow('broken')
  })
})
