/**
 * Tells a node that a dispatch is no longer wanted: it aborts its runtime and ends the stream with a
 * claim over what it had delivered. The stream itself stays open, because that claim comes on it.
 */

import { cancelPath, signCancel } from '../protocol/cancel.ts'
import type { NowMs } from '../protocol/clock.ts'
import type { TicketSigner } from '../protocol/ticket.ts'
import type { Dispatched } from './attempt.ts'
import type { Dialer } from './ports.ts'

export type CancelDeps = {
  readonly stage: string
  readonly dialer: Pick<Dialer, 'post'>
  readonly ticketSigner: () => TicketSigner
  readonly nowMs: NowMs
}

/** `not_running`: it had ended, or never began there. `failed`: whether it ended is not known. */
export type CancelOutcome = 'cancelled' | 'not_running' | 'failed'

const timeoutMs = 3_000

export async function cancelDispatch(
  deps: CancelDeps,
  { candidate, ticketId, ticketHash }: Dispatched,
): Promise<CancelOutcome> {
  const cancel = {
    v: 1 as const,
    stage: deps.stage,
    node_id: candidate.nodeId,
    ticket_id: ticketId,
    ticket_hash: ticketHash,
    at_ms: deps.nowMs(),
  }
  // Ends the call with its answer's head: nothing in the body is needed, and it may never end.
  const call = new AbortController()
  const outcome = await deps.dialer.post({
    url: new URL(cancelPath, candidate.routeUrl).href,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: Buffer.from(JSON.stringify(signCancel(cancel, deps.ticketSigner()))),
    certificateKeySha256: candidate.certificateKeySha256,
    connectTimeoutMs: timeoutMs,
    headersTimeoutMs: timeoutMs,
    signal: call.signal,
  })
  call.abort()
  if (outcome.kind === 'failed') return 'failed'
  if (outcome.status === 200) return 'cancelled'
  return outcome.status === 404 ? 'not_running' : 'failed'
}
