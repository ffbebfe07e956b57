import { describe, expect, it } from 'vitest'
import { benchPrompt } from '../../../../apps/host/bench/prompt.ts'
import { ramp } from '../../../../apps/host/bench/ramp.ts'
import type { Sample } from '../../../../apps/host/bench/sample.ts'

/** A machine that makes 100 tokens a second for each of its slots, on a clock of its own. */
async function rampOn(machine: {
  readonly slots: number
  readonly secondsMax?: number
  readonly failsAbove?: number
}) {
  let nowMs = 0
  let atWork = 0
  const { slots, secondsMax = 3_600, failsAbove = 1_000 } = machine
  const sample = async (): Promise<Sample> => {
    atWork += 1
    // Lets every worker of the level begin.
    await Promise.resolve()
    const together = atWork
    const fails = together > failsAbove
    await Promise.resolve()
    nowMs += (1_000 * Math.max(1, together / slots)) / together
    atWork -= 1
    return fails
      ? { ok: false, reason: 'status 503' }
      : { ok: true, firstContentMs: 10, totalMs: 1_010, tokens: 100 }
  }
  const told: number[] = []
  const outcome = await ramp({
    sample,
    isOver: () => nowMs >= secondsMax * 1_000,
    monotonicMs: () => nowMs,
    onLevel: ({ concurrency }) => told.push(concurrency),
  })
  return { ...outcome, told }
}

describe('the ramp', () => {
  it('ends when more requests at once bring no more tokens', async () => {
    const { ended, told, levels } = await rampOn({ slots: 4 })
    expect({ ended, told }).toEqual({ ended: 'no_gain', told: [1, 2, 4, 8] })
    expect(levels.map(({ requests }) => requests)).toEqual([4, 4, 8, 16])
  })

  it('ends at 64 at once', async () => {
    const { ended, told } = await rampOn({ slots: 1_000 })
    expect({ ended, last: told.at(-1) }).toEqual({ ended: 'concurrency_limit', last: 64 })
  })

  it('ends when more than a tenth of the requests fail', async () => {
    const { ended, told } = await rampOn({ slots: 100, failsAbove: 2 })
    expect({ ended, last: told.at(-1) }).toEqual({ ended: 'failures', last: 4 })
  })

  it('ends with the time, and leaves out the level that was cut short', async () => {
    const { ended, told } = await rampOn({ slots: 2, secondsMax: 5 })
    expect({ ended, told }).toEqual({ ended: 'time', told: [1] })
  })

  it('keeps what a slow machine has done when it does not finish the first level', async () => {
    const { ended, levels } = await rampOn({ slots: 1, secondsMax: 2.5 })
    expect({ ended, requests: levels.map(({ requests }) => requests) }).toEqual({
      ended: 'time',
      requests: [2],
    })
  })

  it('has nothing to tell where nothing ended in time', async () => {
    expect(await rampOn({ slots: 1, secondsMax: 0.5 })).toMatchObject({ ended: 'time', levels: [] })
  })
})

it('a prompt begins with its nonce', () => {
  expect(benchPrompt('n1')).toMatch(/^n1 /)
})
