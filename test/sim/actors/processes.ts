/** Processes and their incarnations: each one starts anew with nothing, and with a clock of its own. */
import type { Actor } from '../engine/actor.ts'
import type { FaultRates } from '../engine/faults.ts'
import { makeStream } from '../engine/random.ts'

const skewMsMax = 60_000
const hourMs = 3_600_000

export function makeProcesses(seed: number, faults: FaultRates): (name: string) => Actor {
  const current = new Map<string, Actor>()
  const incarnations = new Map<string, number>()
  return (name) => {
    const running = current.get(name)
    if (running?.isAlive) return running
    const incarnation = (incarnations.get(name) ?? 0) + 1
    incarnations.set(name, incarnation)
    const fullName = `${name}.${incarnation}`
    const actor: Actor = {
      name: fullName,
      clockErrorMs: clockErrorOf(seed, fullName, faults),
      isAlive: true,
      pausedUntilUs: 0,
    }
    current.set(name, actor)
    return actor
  }
}

/** Within a minute for everybody; far beyond it for some sweepers, which must notice. */
function clockErrorOf(seed: number, name: string, faults: FaultRates): number {
  const draws = makeStream(seed, `clock of ${name}`)
  const isFar = draws.chance(faults.clockJump)
  const farMs = draws.between(skewMsMax + 2_000, 10 * hourMs)
  const sign = draws.chance(0.5) ? 1 : -1
  const isExtreme = draws.chance(0.3)
  const nearMs = isExtreme ? skewMsMax : draws.below(skewMsMax)
  if (isFar && name.startsWith('sweeper')) return sign * farMs
  if (faults.skew === 0) return 0
  // At the very bound a slow answer makes a clock look wrong, and the last sweeps must not refuse.
  return sign * (name.startsWith('caretaker') ? nearMs >> 1 : nearMs)
}
