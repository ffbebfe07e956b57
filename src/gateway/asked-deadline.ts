/** How long a request may take: 300 s, less or more where its customer asks and the stage allows it. */
import { ok, type Result, refuse } from '../protocol/result.ts'

const deadlineHeader = 'x-b3iq-deadline-seconds'
const usualDeadlineMs = 300_000
/** A fifth of it is kept free at the end: less would not do for the host's last words and to settle. */
const leastDeadlineSec = 15

/** Where nobody asks. `mostMs` is what the stage allows: its holds live that long. */
export const unaskedDeadlineMs = (mostMs: number): number => Math.min(usualDeadlineMs, mostMs)

export function askedDeadlineMs(headers: Headers, mostMs: number): Result<number> {
  const asked = headers.get(deadlineHeader)
  if (asked === null) return ok(unaskedDeadlineMs(mostMs))
  const seconds = Number(asked)
  const mostSec = Math.floor(mostMs / 1000)
  if (/^\d{1,4}$/.test(asked) && seconds >= leastDeadlineSec && seconds <= mostSec) {
    return ok(seconds * 1000)
  }
  return refuse('invalid_value', {
    param: 'X-B3IQ-Deadline-Seconds',
    message: `X-B3IQ-Deadline-Seconds must be a whole number from ${leastDeadlineSec} to ${mostSec}.`,
  })
}
