/** Every write of the product; `every-write.test.ts` finds the ones that are missing. */
import { auditCases } from './audit-cases.ts'
import { benchmarkCases } from './benchmark-cases.ts'
import { breakerCases } from './breaker-cases.ts'
import { catalogueCases } from './catalogue-cases.ts'
import { fleetCases } from './fleet-cases.ts'
import { jobCases } from './job-cases.ts'
import { journalCases } from './journal-cases.ts'
import { keyCases } from './key-cases.ts'
import { ledgerCases } from './ledger-cases.ts'
import { reputationCases } from './reputation-cases.ts'
import { requestMarkCases } from './request-mark-cases.ts'
import { spendCases } from './spend-cases.ts'
import { spotCheckCases } from './spot-check-cases.ts'
import type { WriteCase } from './write-case.ts'

export const cases: readonly WriteCase[] = [
  ...keyCases,
  ...auditCases,
  ...fleetCases,
  ...benchmarkCases,
  ...breakerCases,
  ...catalogueCases,
  ...ledgerCases,
  ...journalCases,
  ...jobCases,
  ...reputationCases,
  ...requestMarkCases,
  ...spendCases,
  ...spotCheckCases,
]

/** By what a report calls them. */
export const namedCases = cases.map((one): [string, WriteCase] => [
  `${one.method}, ${one.as},`,
  one,
])
