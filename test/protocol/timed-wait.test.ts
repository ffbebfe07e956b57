import { expect, test } from 'vitest'
import { startTimer } from '../../src/adapters/system.ts'
import type { StartTimer } from '../../src/protocol/clock.ts'
import { makeTimedWait } from '../../src/protocol/timed-wait.ts'

/** Timers that ring when a test says so; `made` has the length of each. */
function makeBells() {
  const made: number[] = []
  let ring: () => void = () => undefined
  const counts = { restarts: 0, stops: 0 }
  const startBell: StartTimer = (durationMs, onOver) => {
    made.push(durationMs)
    ring = onOver
    return {
      restart: () => {
        counts.restarts += 1
      },
      stop: () => {
        counts.stops += 1
      },
    }
  }
  return { startBell, made, counts, ring: () => ring() }
}

const never = new Promise<never>(() => undefined)

test('what a step brings comes first, and what it fails with', async () => {
  const wait = makeTimedWait(makeBells().startBell)
  wait.begin(5)
  expect(await wait.step(Promise.resolve('a'))).toBe('a')
  await expect(wait.step(Promise.reject(new Error('x')))).rejects.toThrow('x')
})

test('many steps of the same length need one timer', async () => {
  const { startBell, made, counts } = makeBells()
  const wait = makeTimedWait(startBell)
  for (let step = 0; step < 1_000; step += 1) {
    wait.begin(5)
    await wait.step(Promise.resolve())
  }
  wait.begin(7)
  wait.end()
  expect(made).toEqual([5, 7])
  expect(counts).toEqual({ restarts: 999, stops: 2 })
})

test('a step that takes too long is over, and nobody hears of it any more', async () => {
  const { startBell, ring } = makeBells()
  const wait = makeTimedWait(startBell)
  wait.begin(5)
  const late = Promise.withResolvers<string>()
  const step = wait.step(late.promise)
  ring()
  expect(await step).toBe('over')
  late.reject(new Error('late'))
})

test('time that ran out between two steps is over for the next, until it begins anew', async () => {
  const { startBell, ring } = makeBells()
  const wait = makeTimedWait(startBell)
  wait.begin(5)
  ring()
  expect(await wait.step(never)).toBe('over')
  wait.begin(5)
  expect(await wait.step(Promise.resolve('a'))).toBe('a')
})

test('a real timer is restarted, also when it has rung, and stopped for good', async () => {
  const wait = makeTimedWait(startTimer)
  wait.begin(1)
  expect(await wait.step(never)).toBe('over')
  wait.begin(1)
  expect(await wait.step(never)).toBe('over')
  wait.end()
  wait.begin(1)
  const pause = new Promise((resolve) => setTimeout(() => resolve('stopped'), 20))
  expect(await wait.step(pause)).toBe('stopped')
})
