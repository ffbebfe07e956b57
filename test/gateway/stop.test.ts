import { describe, expect, test } from 'vitest'
import { startDeadline } from '../../src/gateway/deadline.ts'
import type { Sleep } from '../../src/protocol/clock.ts'

/** A deadline of a request that arrived `agoMs` ago; `strike` ends the wait for it. */
function deadlineOf(deadlineMs: number, agoMs = 0) {
  const slept: { durationMs: number; signal: AbortSignal | undefined }[] = []
  let strike: () => void = () => undefined
  const sleep: Sleep = (durationMs, signal) =>
    new Promise((resolve) => {
      slept.push({ durationMs, signal })
      strike = resolve
      signal?.addEventListener('abort', () => resolve())
    })
  const client = new AbortController()
  const deadline = startDeadline(
    { nowMs: () => 1_000_000, sleep, deadlineMs },
    { startedAtMs: 1_000_000 - agoMs, clientGone: client.signal },
  )
  const struck = async () => {
    strike()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { deadline, client, slept, struck }
}

describe('the time of a host', () => {
  test.each([
    ['15 s less than the deadline', 300_000, 0, 285_000],
    ['of a short one four fifths', 10_000, 0, 8_000],
    ['what is left of it', 300_000, 100_000, 185_000],
    ['no more where the clock was set back', 300_000, -600_000, 285_000],
  ])('is %s', (_, deadlineMs, agoMs, leftMs) => {
    expect(deadlineOf(deadlineMs, agoMs).slept[0]?.durationMs).toBe(leftMs)
  })

  test('is nothing when it is over: no host is dialled by a gateway that stood still', () => {
    const { deadline, slept } = deadlineOf(10_000, 8_000)
    expect([deadline.signal.aborted, deadline.reason()]).toEqual([true, 'deadline'])
    expect(slept).toEqual([])
  })
})

describe('a request stops', () => {
  test('at its deadline', async () => {
    const { deadline, struck } = deadlineOf(10_000)
    expect([deadline.signal.aborted, deadline.reason()]).toEqual([false, undefined])
    await struck()
    expect([deadline.signal.aborted, deadline.reason()]).toEqual([true, 'deadline'])
  })

  test('when its client goes, and for that reason even after the deadline', async () => {
    const { deadline, client, struck } = deadlineOf(10_000)
    client.abort()
    expect([deadline.signal.aborted, deadline.reason()]).toEqual([true, 'client_gone'])
    await struck()
    expect(deadline.reason()).toBe('client_gone')
  })

  test('never once it has ended', async () => {
    const { deadline, slept, struck } = deadlineOf(10_000)
    deadline.stop()
    expect(slept[0]?.signal?.aborted).toBe(true)
    await struck()
    expect([deadline.signal.aborted, deadline.reason()]).toEqual([false, undefined])
  })
})
