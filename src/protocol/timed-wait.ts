/**
 * Waits for one step of a stream after the other under one timer. A timer, a signal and a race for each step
 * would cost more than all else that is done with it.
 */
import type { StartTimer, Timer } from './clock.ts'

export function makeTimedWait(startTimer: StartTimer) {
  let timer: Timer | undefined
  let timedMs: number | undefined
  let isOver = false
  let tellOver: () => void = () => undefined

  const onOver = () => {
    isOver = true
    tellOver()
  }

  return {
    /** From now on steps have so long together, whatever they had before. */
    begin: (durationMs: number): void => {
      isOver = false
      if (timer && timedMs === durationMs) timer.restart()
      else {
        timer?.stop()
        timer = startTimer(durationMs, onOver)
      }
      timedMs = durationMs
    },
    /** What the step brought, unless the time is over first; then nobody hears of it any more. */
    step: <T>(step: Promise<T>): Promise<T | 'over'> =>
      new Promise((resolve, reject) => {
        step.then(resolve, reject)
        tellOver = () => resolve('over')
        if (isOver) tellOver()
      }),
    end: (): void => timer?.stop(),
  }
}
