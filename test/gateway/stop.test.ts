import { describe, expect, test } from 'vitest'
import type { CancelOutcome } from '../../src/dispatch/cancel.ts'
import { watchStops } from '../../src/gateway/stop.ts'
import type { Sleep } from '../../src/protocol/clock.ts'

/** Stops of a request that arrived `agoMs` ago; `strike` ends every wait of a duration. */
function stopsOf(deadlineMs: number, agoMs = 0) {
  const slept: { durationMs: number; signal: AbortSignal | undefined; strike: () => void }[] = []
  const sleep: Sleep = (durationMs, signal) =>
    new Promise((resolve) => {
      slept.push({ durationMs, signal, strike: resolve })
      signal?.addEventListener('abort', () => resolve())
    })
  const client = new AbortController()
  const customer = new AbortController()
  const stop = watchStops(
    { nowMs: () => 1_000_000, sleep, deadlineMs },
    { startedAtMs: 1_000_000 - agoMs, clientGone: client.signal, cancelled: customer.signal },
  )
  const strike = async (durationMs: number) => {
    for (const one of slept) if (one.durationMs === durationMs) one.strike()
    await turn()
  }
  return {
    stop,
    client,
    customer,
    slept,
    strike,
    state: () => [stop.signal.aborted, stop.reason()],
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const hostTimeMs = 8_000
const signingMs = 1_500

describe('the time of a host', () => {
  test.each([
    ['15 s less than the deadline', 300_000, 0, 285_000],
    ['of a short one four fifths', 10_000, 0, 8_000],
    ['what is left of it', 300_000, 100_000, 185_000],
    ['no more where the clock was set back', 300_000, -600_000, 285_000],
  ])('is %s', (_, deadlineMs, agoMs, leftMs) => {
    expect(stopsOf(deadlineMs, agoMs).slept[0]?.durationMs).toBe(leftMs)
  })

  test('is nothing when it is over: no host is dialled by a gateway that stood still', () => {
    const { state, slept } = stopsOf(10_000, 8_000)
    expect(state()).toEqual([true, 'deadline'])
    expect(slept).toEqual([])
  })
})

describe('a request stops', () => {
  test('at its deadline', async () => {
    const { state, strike } = stopsOf(10_000)
    expect(state()).toEqual([false, undefined])
    await strike(hostTimeMs)
    expect(state()).toEqual([true, 'deadline'])
  })

  test('when its client goes, and for that reason even after the deadline', async () => {
    const { client, state, strike } = stopsOf(10_000)
    client.abort()
    expect(state()).toEqual([true, 'client_gone'])
    await strike(hostTimeMs)
    expect(state()).toEqual([true, 'client_gone'])
  })

  test("at its customer's word, also where that came before it began", () => {
    const { customer, state } = stopsOf(10_000)
    customer.abort()
    expect(state()).toEqual([true, 'cancelled'])
    const stop = watchStops(
      { nowMs: () => 0, sleep: () => new Promise(() => undefined), deadlineMs: 10_000 },
      {
        startedAtMs: 0,
        clientGone: new AbortController().signal,
        cancelled: AbortSignal.abort(),
      },
    )
    expect([stop.signal.aborted, stop.reason()]).toEqual([true, 'cancelled'])
  })

  test('never once it has ended', async () => {
    const { stop, client, slept, state, strike } = stopsOf(10_000)
    stop.end()
    expect(slept[0]?.signal?.aborted).toBe(true)
    await strike(hostTimeMs)
    client.abort()
    expect(state()).toEqual([false, undefined])
  })
})

describe('the host that is heard', () => {
  test.each(['cancelled', 'not_running'] as const)(
    'is told first, and cut off when it had its time to sign: %s',
    async (outcome) => {
      const { stop, customer, state, strike } = stopsOf(10_000)
      let told = 0
      stop.tellFirst(async () => {
        told += 1
        return outcome
      })
      customer.abort()
      await turn()
      expect([told, ...state()]).toEqual([1, false, 'cancelled'])
      await strike(signingMs)
      expect(state()).toEqual([true, 'cancelled'])
    },
  )

  test.each([
    ['cannot be told', async (): Promise<CancelOutcome> => 'failed'],
    ['breaks the call', () => Promise.reject(new Error('broken'))],
  ])('is cut off at once where it %s', async (_, tell) => {
    const { stop, client, state } = stopsOf(10_000)
    stop.tellFirst(tell)
    client.abort()
    await turn()
    expect(state()).toEqual([true, 'client_gone'])
  })

  test('is cut off in time where telling takes for ever', async () => {
    const { stop, state, strike } = stopsOf(10_000)
    stop.tellFirst(() => new Promise(() => undefined))
    await strike(hostTimeMs)
    expect(state()).toEqual([false, 'deadline'])
    await strike(signingMs)
    expect(state()).toEqual([true, 'deadline'])
  })

  test('is nobody after it failed', () => {
    const { stop, client, state } = stopsOf(10_000)
    stop.tellFirst(() => new Promise(() => undefined))
    stop.tellFirst(undefined)
    client.abort()
    expect(state()).toEqual([true, 'client_gone'])
  })
})
