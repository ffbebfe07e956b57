import { expect, test } from 'vitest'
import { residentMb, secondHalf, slopePerMinute } from './samples.ts'

const line = (perSecond: number, seconds: readonly number[]) =>
  seconds.map((at) => ({ atMs: at * 1_000, value: 100 + perSecond * at }))

test('the slope of what grows by a tenth a second is six a minute', () => {
  expect(slopePerMinute(line(0.1, [0, 10, 20, 30]))).toBeCloseTo(6)
})

test('noise around a level has next to no slope', () => {
  const points = [0, 1, 2, 3, 4, 5, 6, 7].map((at) => ({ atMs: at * 1_000, value: at % 2 }))
  expect(Math.abs(slopePerMinute(points))).toBeLessThan(6)
})

test('of less than two points there is no slope', () => {
  expect(slopePerMinute([])).toBe(0)
  expect(slopePerMinute(line(1, [5]))).toBe(0)
})

test('the second half is by time, not by count', () => {
  expect(secondHalf(line(0, [0, 1, 2, 3, 100])).map(({ atMs }) => atMs)).toEqual([100_000])
})

test('memory is told of processes that run, and of no others', async () => {
  const memory = await residentMb([process.pid, 2 ** 22 - 1])
  expect([...memory.keys()]).toEqual([process.pid])
  expect(memory.get(process.pid)).toBeGreaterThan(10)
})
