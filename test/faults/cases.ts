/** Every write of the product; `every-write.test.ts` finds the ones that are missing. */
import { catalogueCases } from './catalogue-cases.ts'
import { fleetCases } from './fleet-cases.ts'
import { journalCases } from './journal-cases.ts'
import { keyCases } from './key-cases.ts'
import { ledgerCases } from './ledger-cases.ts'
import { reputationCases } from './reputation-cases.ts'
import type { WriteCase } from './write-case.ts'

export const cases: readonly WriteCase[] = [
  ...keyCases,
  ...fleetCases,
  ...catalogueCases,
  ...ledgerCases,
  ...journalCases,
  ...reputationCases,
]
