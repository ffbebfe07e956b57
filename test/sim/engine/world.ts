/**
 * The simulated world: one virtual clock, one heap of events, and processes that know of each other
 * only through stores. Whatever a process asks of the outside takes virtual time both ways, may be
 * lost or late, and may be the last thing that the process ever does. Nothing here or in what it
 * runs reads a real clock, a real die or a real timer, so a seed tells the whole history.
 */
import type { NowMs, Sleep } from '../../../src/protocol/clock.ts'
import type { Actor, Task } from './actor.ts'
import { makeEventHeap, type SimEvent } from './event-heap.ts'
import { type CallFate, type FaultRates, fateOf, noFaults } from './faults.ts'
import type { Log } from './log.ts'
import type { Stream } from './random.ts'
import { toViolation, type Violation } from './violation.ts'

export type Call<T> = {
  /** As the log names it: `wallet.reserve`. */
  readonly name: string
  readonly isWrite: boolean
  /** Runs when the request arrives. It changes the store before it returns. */
  readonly apply: () => Promise<T>
  /** What the caller gets when no answer comes; undefined where that is an error. */
  readonly unknown: T | undefined
}

/** What a call without an answer throws where its port has no `unknown`. */
export class StoreFault extends Error {}
const storeFault = new StoreFault('the store did not answer')

export type World = {
  /** True time. */
  readonly nowMs: NowMs
  readonly clockOf: (actor: Actor) => NowMs
  readonly sleepOf: (task: Task) => Sleep
  readonly call: <T>(task: Task, call: Call<T>) => Promise<T>
  /** Something that happens by itself after `delayMs`. */
  readonly later: (delayMs: number, what: string, happen: () => void) => void
  /** Runs `body` in the task's process, once that runs. A broken promise ends the history. */
  readonly spawn: (task: Task, body: () => Promise<void>) => void
  /** The process stops for good, in the middle of whatever it did. */
  readonly crash: (actor: Actor) => void
  /** Faults end; what is under way arrives. */
  readonly calm: () => void
  readonly fail: (error: unknown) => void
  /** Plays events until none is left. Rejects with the first violation. */
  readonly run: () => Promise<void>
  /** When the last late write will have arrived and the last pause will have ended. */
  readonly lateUntilMs: () => number
}

export type WorldOptions = {
  readonly startMs: number
  readonly faults: FaultRates
  readonly latencyScaleMs: number
  readonly log: Log
  readonly count: (what: Exclude<CallFate, 'ok'> | 'crash' | 'pause') => void
}

/** `then` on it is the cheapest way to a microtask. */
const settled = Promise.resolve()

const calmLatencyScaleMs = 50
const eventsMax = 200_000

export function makeWorld(options: WorldOptions): World {
  const { log, count } = options
  const heap = makeEventHeap()
  let faults = options.faults
  let latencyScaleUs = options.latencyScaleMs * 1000
  let nowUs = 0
  let order = 0
  let lateUntilUs = 0
  let violation: Violation | undefined

  const nowMs = (): number => options.startMs + Math.floor(nowUs / 1000)

  const push = (atUs: number, actor: Actor | undefined, run: () => void): SimEvent => {
    order += 1
    const event = { atUs, order, actor, run }
    heap.push(event)
    return event
  }

  /** Mostly below the scale; one in ten takes up to four times as long. */
  const latencyUs = (draws: Stream): number => {
    const share = draws.unit()
    return 100 + Math.floor((share < 0.9 ? share / 0.9 : (share - 0.9) * 40) * latencyScaleUs)
  }

  /** An event of the task's process, at which the process may crash or stand still instead. */
  const deliver = (task: Task, atUs: number, run: () => void): SimEvent => {
    const die = task.draws.unit()
    const event = push(atUs, task.actor, () => {
      if (die >= faults.crash + faults.pause) return run()
      if (die < faults.crash) return crash(task.actor)
      pause(task.actor, (die - faults.crash) / faults.pause)
      // The same event: on waking, a process meets what was due in the order in which it began.
      event.run = run
      postpone(event, task.actor)
    })
    return event
  }

  const postpone = (event: SimEvent, actor: Actor): void => {
    event.atUs = actor.pausedUntilUs
    heap.push(event)
  }

  const crash = (actor: Actor): void => {
    actor.isAlive = false
    count('crash')
    log.event(nowUs, actor.name, 'crash', '')
  }

  /** `share` in [0, 1): below a half for seconds, above for 20 to 40 minutes. */
  const pause = (actor: Actor, share: number): void => {
    count('pause')
    const pauseMs = share < 0.5 ? 1_000 + share * 10_000 : 1_200_000 + (share - 0.5) * 2_400_000
    actor.pausedUntilUs = nowUs + Math.floor(pauseMs) * 1000
    lateUntilUs = Math.max(lateUntilUs, actor.pausedUntilUs)
    log.event(nowUs, actor.name, 'pause', '')
    log.detail(() => `until ${(actor.pausedUntilUs / 1_000_000).toFixed(3)}s`)
  }

  const call = <T>(task: Task, { name, isWrite, apply, unknown }: Call<T>): Promise<T> => {
    const { actor, draws } = task
    const arriveUs = nowUs + latencyUs(draws)
    const replyUs = arriveUs + latencyUs(draws)
    const fate = fateOf(faults, draws.unit(), isWrite)
    const lateUs = latenessUs(draws.unit())
    return new Promise<T>((resolve, reject) => {
      if (!actor.isAlive) return
      let answer: { readonly value: T } | undefined
      const keep = (value: T): void => {
        answer = { value }
      }
      const arrive = (): void => {
        log.event(nowUs, task.name, name, fate)
        if (fate === 'throttled' || fate === 'lostRequest') return
        // A store has no bad days of its own here: what it throws is a broken promise.
        apply().then(keep, fail)
      }
      push(fate === 'lateWrite' ? arriveUs + lateUs : arriveUs, undefined, arrive)
      if (fate !== 'ok') count(fate)
      if (fate === 'lateWrite') lateUntilUs = Math.max(lateUntilUs, arriveUs + lateUs)
      deliver(task, replyUs, () => {
        if (fate === 'ok' && answer) resolve(answer.value)
        else if (unknown !== undefined) resolve(unknown)
        else reject(storeFault)
      })
    })
  }

  const sleepOf =
    (task: Task): Sleep =>
    (durationMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const onAbort = (): void => {
          event.run = undefined
          if (task.actor.isAlive) resolve()
        }
        const event = deliver(task, nowUs + Math.max(0, durationMs) * 1000, () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        })
        signal?.addEventListener('abort', onAbort, { once: true })
      })

  const fail = (error: unknown): void => {
    violation ??= toViolation(error)
  }

  const spawn = (task: Task, body: () => Promise<void>): void => {
    push(nowUs, task.actor, () => {
      log.event(nowUs, task.name, 'begins', task.actor.name)
      body().catch((error: unknown) => {
        if (!(error instanceof StoreFault)) fail(error)
        else log.event(nowUs, task.name, 'gives up', '')
      })
    })
  }

  /** Plays one event that makes something happen; false when there is none. */
  const step = (): boolean => {
    for (;;) {
      const event = heap.pop()
      if (event === undefined) return false
      const { run, actor } = event
      if (run === undefined || actor?.isAlive === false) continue
      nowUs = event.atUs
      if (actor && actor.pausedUntilUs > nowUs) {
        postpone(event, actor)
        continue
      }
      run()
      return true
    }
  }

  /**
   * Between two events every promise that can settle has settled. A tick that is scheduled from a
   * microtask runs when no microtask is left, so a microtask that schedules the next step is a full
   * drain; it costs a ninth of `setImmediate`.
   */
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const afterMicrotasks = () => process.nextTick(next)
      const next = () => {
        try {
          const isOver = violation !== undefined || !step()
          if (violation !== undefined) return reject(violation)
          if (isOver) return resolve()
          if (order > eventsMax) throw new Error(`more than ${eventsMax} events in one history`)
        } catch (error) {
          return reject(toViolation(error))
        }
        settled.then(afterMicrotasks)
      }
      process.nextTick(next)
    })

  return {
    nowMs,
    clockOf: (actor) => () => nowMs() + actor.clockErrorMs,
    sleepOf,
    call,
    later: (delayMs, what, happen) => {
      push(nowUs + delayMs * 1000, undefined, () => {
        log.event(nowUs, 'world', what, '')
        happen()
      })
    },
    spawn,
    crash,
    calm: () => {
      faults = noFaults
      latencyScaleUs = Math.min(latencyScaleUs, calmLatencyScaleMs * 1000)
    },
    fail,
    run,
    lateUntilMs: () => options.startMs + Math.ceil(lateUntilUs / 1000),
  }
}

/**
 * From a second to a quarter of an hour, as often in each order of magnitude: the store refuses a
 * signed request that is older.
 */
function latenessUs(die: number): number {
  return Math.floor(1_000_000 * 900 ** die)
}
