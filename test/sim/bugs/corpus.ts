/**
 * Known-bad variants of the ledger, each a small edit of the real source. They are proof that the
 * checker would notice: every one must break a promise that it is expected to break, in time.
 */
import { FlagError } from '../run/flags.ts'
import type { PlantedBug } from '../run/plant-bug.ts'
import { holdBugs } from './holds.ts'
import { journalBugs } from './journal.ts'
import { limitBugs } from './limits.ts'
import { scheduleBugs } from './schedules.ts'

export const bugs: readonly PlantedBug[] = [
  ...holdBugs,
  ...limitBugs,
  ...scheduleBugs,
  ...journalBugs,
]

export function findBug(name: string): PlantedBug {
  const bug = bugs.find((one) => one.name === name)
  if (bug) return bug
  const names = bugs.map((one) => one.name).join(', ')
  throw new FlagError(`There is no bug "${name}"; there are ${names}.`)
}
