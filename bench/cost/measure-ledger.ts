/** What the schedules read and write for each decided request, long after it: accrual and audit. */

import { graceMs, leaseMs, minuteMs } from '../../test/ledger/open-ledger.ts'
import { openReconciledLedger } from '../../test/ledger/reconcile/open-reconciled-ledger.ts'
import type { EmbeddedDynamodb } from '../../test/support/embedded-dynamodb.ts'
import type { Measured } from './measured.ts'
import type { Meter } from './meter.ts'

const requests = 100
const quietMs = 6 * minuteMs

type Measures = Pick<Measured, 'accrualReadUnits' | 'accrualWriteUnits' | 'auditReadUnits'>

/** Of one account: what an account costs by itself is shared out over its requests. */
export async function measureLedger(through: {
  readonly engine: EmbeddedDynamodb
  readonly meter: Meter
}): Promise<Measures> {
  const { engine, meter } = through
  const ledger = await openReconciledLedger({ ...engine, endpoint: meter.endpoint })
  const accountId = await ledger.customer(10n ** 12n)
  for (let made = 0; made < requests; made += 1) {
    await ledger.served(accountId)
    ledger.moveClock(1)
  }
  ledger.moveClock(leaseMs + graceMs + quietMs)
  meter.take()
  const { decisions } = await ledger.accrue()
  const accrual = meter.take()
  const { discrepancies, accounts } = await ledger.reconcile({ pageSize: 200 })
  const audit = meter.take()
  if (decisions !== requests || accounts !== 1 || discrepancies !== 0) {
    throw new Error('The ledger did not accrue and prove what it was given.')
  }
  return {
    accrualReadUnits: accrual.readUnits / requests,
    accrualWriteUnits: accrual.writeUnits / requests,
    auditReadUnits: audit.readUnits / requests,
  }
}
