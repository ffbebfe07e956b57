/**
 * What goes wrong in a history, and how often. Each fault is switched off in four histories of ten
 * (a swarm): bugs that one fault hides behind another still show.
 */
import type { Stream } from './random.ts'

/** The highest rate of each fault. `perCall` faults are exclusive, so theirs must sum below 1. */
const rateMax = {
  /** Refused by the store for load; the caller cannot tell it from a lost request. */
  throttled: 0.12,
  lostRequest: 0.08,
  /** Applied, and the caller never hears of it. */
  lostReply: 0.12,
  /** The caller gives up, and the write is applied long afterwards. */
  lateWrite: 0.08,
  /** Per event of a process: all that it runs stops for good, in the middle of whatever it did. */
  crash: 0.04,
  /** Per event of a process: it stands still for seconds or for half an hour, then goes on. */
  pause: 0.03,
  /** Per process: its clock is up to a minute off. */
  skew: 1,
  /** Per sweeper: its clock is off by minutes or hours. */
  clockJump: 0.4,
  /** Per attempt: the host fails in one of its ways. */
  hostFault: 0.6,
  /** Per attempt: the gateway is lost while a host works for it. */
  lostInFlight: 0.1,
  /** Per request: the client hangs up in the middle. */
  clientGone: 0.3,
  /** Per answer: the client never receives what it was sent. */
  lostAnswer: 0.2,
  /** Per request: its customer cancels it by its id. */
  cancelled: 0.2,
} as const

export type FaultName = keyof typeof rateMax
export type FaultRates = Readonly<Record<FaultName, number>>

const isFaultName = (name: string): name is FaultName => Object.hasOwn(rateMax, name)
export const faultNames: readonly FaultName[] = Object.keys(rateMax).filter(isFaultName)

const offProbability = 0.4

export function drawFaults(draws: Stream): FaultRates {
  return ratesBy((name) => {
    // Both are drawn in any case, so that one fault's luck leaves the next one's alone.
    const isOff = draws.chance(offProbability)
    const rate = draws.unit() * rateMax[name]
    return isOff ? 0 : rate
  })
}

export const noFaults: FaultRates = ratesBy(() => 0)

export const withoutFault = (rates: FaultRates, off: FaultName): FaultRates => ({
  ...rates,
  [off]: 0,
})

function ratesBy(rateOf: (name: FaultName) => number): FaultRates {
  return {
    throttled: rateOf('throttled'),
    lostRequest: rateOf('lostRequest'),
    lostReply: rateOf('lostReply'),
    lateWrite: rateOf('lateWrite'),
    crash: rateOf('crash'),
    pause: rateOf('pause'),
    skew: rateOf('skew'),
    clockJump: rateOf('clockJump'),
    hostFault: rateOf('hostFault'),
    lostInFlight: rateOf('lostInFlight'),
    clientGone: rateOf('clientGone'),
    lostAnswer: rateOf('lostAnswer'),
    cancelled: rateOf('cancelled'),
  }
}

/** What happens to one call of a store. */
export type CallFate = 'ok' | 'throttled' | 'lostRequest' | 'lostReply' | 'lateWrite' | 'straggler'

/** `die` in [0, 1). A read is never late: nobody waits for it, and it changes nothing. */
export function fateOf(rates: FaultRates, die: number, isWrite: boolean): CallFate {
  const throttled = rates.throttled
  const lostRequest = throttled + rates.lostRequest
  const lostReply = lostRequest + rates.lostReply
  if (die < throttled) return 'throttled'
  if (die < lostRequest) return 'lostRequest'
  if (die < lostReply) return 'lostReply'
  return isWrite && die < lostReply + rates.lateWrite ? 'lateWrite' : 'ok'
}

/** Scales of latency: from a good day to requests that hang for minutes. */
export const latencyScalesMs = [2, 20, 200, 5_000, 120_000] as const
