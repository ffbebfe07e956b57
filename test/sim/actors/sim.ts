/** One history while it is played: its world, its stores, its checker, and who takes part. */
import type { PricedModel } from '../../../src/catalogue/model.ts'
import type { Actor, Task } from '../engine/actor.ts'
import type { FaultName } from '../engine/faults.ts'
import { makeStream } from '../engine/random.ts'
import type { SimPlan } from '../plan.ts'
import type { Customer } from '../stage.ts'
import type { Dispatch } from './host.ts'
import type { Stores } from './stores.ts'

export type Sim = Stores & {
  readonly plan: SimPlan
  readonly customers: readonly Customer[]
  readonly leaseMs: number
  /** The current incarnation of a process; a fresh one where it has crashed. */
  readonly processOf: (name: string) => Actor
  /** As the operator published them, newest last. */
  readonly models: { readonly atMs: number; readonly model: PricedModel }[]
  readonly suspendedNodes: Set<string>
  /** Request → what hosts were asked for it. */
  readonly dispatches: Map<string, Dispatch[]>
  /** Requests that were refused before anything ran. */
  readonly refused: { readonly accountId: string; readonly holdId: string }[]
  /** 0 once faults have ended. */
  readonly rateOf: (fault: FaultName) => number
  isCalm: boolean
}

export const taskOf = (sim: Sim, actor: Actor, name: string): Task => ({
  actor,
  name,
  draws: makeStream(sim.plan.seed, name),
})

export const customerOf = (sim: Sim, index: number): Customer => {
  const customer = sim.customers[index]
  if (!customer) throw new Error(`no customer ${index} in the setting`)
  return customer
}
