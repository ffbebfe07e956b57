import { describe, expect, test } from 'vitest'
import { askedDeadlineMs } from '../../src/gateway/asked-deadline.ts'

const asked = (seconds: string | undefined, mostMs = 840_000) =>
  askedDeadlineMs(
    new Headers(seconds === undefined ? {} : { 'X-B3IQ-Deadline-Seconds': seconds }),
    mostMs,
  )

describe('a request may take', () => {
  test.each<[string, string | undefined, number, number]>([
    ['300 s', undefined, 840_000, 300_000],
    ['no longer than the stage allows', undefined, 60_000, 60_000],
    ['what its customer asks', '600', 840_000, 600_000],
    ['all that the stage allows', '840', 840_000, 840_000],
    ['as little as 15 s', '15', 840_000, 15_000],
  ])('%s', (_, seconds, mostMs, deadlineMs) => {
    expect(asked(seconds, mostMs)).toEqual({ ok: true, value: deadlineMs })
  })

  test.each(['0', '14', '841', '-1', '1e2', '10.5', 'soon', ''])('not %j', (seconds) => {
    expect(asked(seconds)).toMatchObject({
      ok: false,
      error: {
        code: 'invalid_value',
        param: 'X-B3IQ-Deadline-Seconds',
        message: 'X-B3IQ-Deadline-Seconds must be a whole number from 15 to 840.',
      },
    })
  })
})
