/** What paid requests cost, by how long a stream is and by how many there are in a month. */
import { auditLines, type Deployed } from './idle.ts'
import type { Measured, Use } from './measured.ts'
import { gb, invoked, type Line, minutesPerMonth, stored } from './model.ts'

export type Compute = 'function' | 'web'

export type Traffic = {
  readonly compute: Compute
  /** From the request's arrival to its last byte. */
  readonly streamSec: number
  readonly requestsPerMonth: number
}

/** The stream of the receipts waits this long for a batch, and takes this many. */
const batch = { windowSec: 5, receiptsMax: 100 } as const

/**
 * All lines that grow with requests, for a month. The computing of a Web Function is left out: its
 * prices are not published where we could read them.
 */
export function trafficLines(
  measured: Measured,
  deployed: Deployed,
  traffic: Traffic,
): readonly Line[] {
  const { requestsPerMonth: count } = traffic
  const { request } = measured
  const user = 'requests'
  return [
    ...gatewayLines(measured, deployed, traffic),
    { user, price: 'internetEgress', amount: gb(count * request.toClientBytes) },
    { user: 'hosts', price: 'internetEgress', amount: gb(count * request.toHostBytes) },
    { user: 'receipts', price: 'tableStorage', amount: gb(count * request.storedBytes) },
    { user: 'receipts', price: 'pointInTimeRecovery', amount: gb(count * request.storedBytes) },
    { user: 'accrual', price: 'writeUnit', amount: count * measured.accrualWriteUnits },
    { user: 'accrual', price: 'readUnit', amount: count * measured.accrualReadUnits },
    ...rollUpLines(measured, deployed, count),
    ...auditLines(measured, deployed, count),
  ]
}

/** An environment with one stream at a time finds its caches cold; one with many finds them warm. */
function gatewayLines(
  { request: { cold, warm } }: Measured,
  { gatewayMemoryMb: memoryMb }: Deployed,
  { compute, streamSec, requestsPerMonth: count }: Traffic,
): readonly Line[] {
  const user = 'requests'
  if (compute === 'web') return stored(user, warm, count)
  // The work of a stream is done while it waits for words; what comes before and after is waiting
  // for the database.
  const use = { ...cold, cpuMs: 0 }
  return invoked({ user, use, memoryMb, count, waitMs: streamSec * 1000 })
}

/** The fewer requests there are, the fewer share a batch. Evenly spread, which is the dearest case. */
function rollUpLines(
  { rollUp: { one, full, receiptsInFull } }: Measured,
  { schedulesMemoryMb: memoryMb }: Deployed,
  count: number,
): readonly Line[] {
  const perWindow = (count / (minutesPerMonth * 60)) * batch.windowSec
  const size = Math.min(batch.receiptsMax, Math.max(1, perWindow))
  const part = (size - 1) / (receiptsInFull - 1)
  const between = (name: keyof Use) => one[name] + (full[name] - one[name]) * part
  const use: Use = {
    calls: between('calls'),
    readUnits: between('readUnits'),
    writeUnits: between('writeUnits'),
    cpuMs: between('cpuMs'),
    logLines: between('logLines'),
    logBytes: between('logBytes'),
  }
  return invoked({ user: 'spend', use, memoryMb, count: count / size })
}
