/** What a seed stands for, as data: the setting, what is done in it, and what goes wrong. */
import { drawFaults, type FaultRates } from './engine/faults.ts'
import { makeStream } from './engine/random.ts'
import { type Operation, operationsOf } from './operations.ts'
import { drawSetting, type Setting } from './setting.ts'

export type SimPlan = {
  readonly seed: number
  readonly setting: Setting
  readonly faults: FaultRates
  readonly operations: readonly Operation[]
}

export function planOf(seed: number): SimPlan {
  const setting = drawSetting(makeStream(seed, 'setting'))
  return {
    seed,
    setting,
    faults: drawFaults(makeStream(seed, 'faults')),
    operations: operationsOf(seed, setting),
  }
}
