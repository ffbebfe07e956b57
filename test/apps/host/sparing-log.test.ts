import { expect, it } from 'vitest'
import { linesPerMinute, makeSparingLog } from '../../../apps/host/sparing-log.ts'

it('writes so many lines a minute, and tells in the next how many it left out', () => {
  const lines: string[] = []
  let nowMs = 0
  const log = makeSparingLog(
    (event, fields) => lines.push(`${event} ${fields?.lines ?? ''}`.trim()),
    () => nowMs,
  )
  for (let count = 0; count < linesPerMinute + 1_000; count += 1) log('refused')
  expect(lines).toEqual(Array(linesPerMinute).fill('refused'))
  nowMs = 60_000
  log('refused')
  expect(lines.slice(linesPerMinute)).toEqual(['lines_left_out 1000', 'refused'])
  nowMs = 120_000
  log('refused')
  expect(lines.slice(linesPerMinute + 2)).toEqual(['refused'])
})
