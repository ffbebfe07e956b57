/** What nodes earned, what left for them, and what the payment provider said of it. */
import * as z from 'zod'
import type { FleetStore } from '../fleet/ports.ts'
import { toWireEarnings, toWirePayout } from '../http/earnings-view.ts'
import { incidentError, payoutPausedBy } from '../incidents/paused.ts'
import type { IncidentStore } from '../incidents/ports.ts'
import type { JournalStore, Payout } from '../ledger/journal-ports.ts'
import { confirmPayout, type PayoutDeps as LedgerPayoutDeps } from '../ledger/payout.ts'
import { absurd } from '../protocol/assert.ts'
import { NodeId } from '../protocol/ids.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { pageFields, toList } from './page.ts'
import { postingUnknown } from './posting-terms.ts'
import type { Call } from './routes.ts'

export type PayoutDeps = LedgerPayoutDeps & {
  readonly journal: Pick<JournalStore, 'listPayouts'>
  readonly fleet: Pick<FleetStore, 'readRow'>
  readonly incidents: Pick<IncidentStore, 'readActive'>
}

export const PayoutQuery = z.strictObject({ ...pageFields, node_id: NodeId })

/** What the payment provider says of a transfer. */
export const PayoutWord = z.strictObject({
  state: z.enum(['paid', 'returned']),
  transfer_id: z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters'),
})

export async function showEarnings(
  { journal, fleet }: PayoutDeps,
  nodeId: string,
): Promise<Result<object>> {
  const [row, earnings] = await Promise.all([fleet.readRow(nodeId), journal.readEarnings(nodeId)])
  if (!row && !earnings) return refuse('node_not_found')
  return ok({ object: 'earnings', node_id: nodeId, ...toWireEarnings(nodeId, earnings) })
}

/** By node, newest period first; the cursor is a period. */
export async function listPayouts(
  { journal }: PayoutDeps,
  { node_id, limit, after }: z.infer<typeof PayoutQuery>,
): Promise<Result<object>> {
  return ok(toList(await journal.listPayouts(node_id, { limit, after }), toWire))
}

export async function showPayout(
  { journal }: PayoutDeps,
  at: { readonly nodeId: string; readonly period: string },
): Promise<Result<object>> {
  const payout = await journal.readPayout(at.nodeId, at.period)
  return payout ? ok(toWire(payout)) : refuse('payout_not_found')
}

export async function confirm(
  deps: PayoutDeps,
  { state, transfer_id }: z.infer<typeof PayoutWord>,
  { id: nodeId, period, by }: Call,
): Promise<Result<object>> {
  const paused = payoutPausedBy(await deps.incidents.readActive(), deps.nowMs())
  if (paused) return { ok: false, error: incidentError(paused, deps.nowMs()) }
  const word = { state, transferId: transfer_id, by }
  const confirmed = await confirmPayout(deps, { nodeId, period }, word)
  switch (confirmed.kind) {
    case 'confirmed':
      return ok(toWire(confirmed.payout))
    case 'no_payout':
      return refuse('payout_not_found')
    case 'conflict': {
      const { state: standing, transferId } = confirmed.payout
      return refuse('state_conflict', {
        message: `This payout was confirmed as ${standing} already, under transfer ${transferId}.`,
        detail: { state: standing, transfer_id: transferId ?? null },
      })
    }
    case 'unavailable':
      return postingUnknown()
    default:
      return absurd(confirmed)
  }
}

const toWire = (payout: Payout) => ({
  object: 'payout',
  node_id: payout.nodeId,
  ...toWirePayout(payout),
})
