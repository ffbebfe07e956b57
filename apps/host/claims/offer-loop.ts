/**
 * Offers kept claims to ingest: not before the hold behind one can have expired, and then again
 * with back-off for as long as the answer is not known.
 */
import type { Random } from '../../../src/protocol/clock.ts'
import type { LateClaimBatch, LateClaimReply } from '../../../src/protocol/late-claims.ts'
import { limits } from '../../../src/protocol/limits.ts'
import type { Clock, ServerClock } from '../clock.ts'
import type { Answer } from '../control-plane.ts'
import type { Log } from '../log.ts'
import { messageOf } from '../stated-error.ts'
import type { ClaimJournal, KeptClaim } from './journal.ts'

/** A request lasts 14 minutes at most; its hold has expired by then and been swept. */
export const offerAfterMs = 15 * 60_000
const lookEveryMs = 60_000
const backoffMsMin = 15 * 60_000
const backoffMsMax = 6 * 60 * 60_000

export type OfferLoopDeps = {
  readonly journal: ClaimJournal
  readonly offer: (batch: LateClaimBatch) => Promise<Answer<LateClaimReply>>
  readonly nodeId: string
  readonly clock: Clock
  readonly serverClock: Pick<ServerClock, 'nowMs'>
  readonly random: Random
  readonly log: Log
}

type Tries = { count: number; notBeforeMs: number }

/** Looks once a minute until `stop` aborts. */
export function makeOfferLoop(deps: OfferLoopDeps): (stop: AbortSignal) => Promise<void> {
  const { journal, clock, serverClock, log } = deps
  /** In memory alone: a restart may ask again at once. */
  const triesOf = new Map<string, Tries>()

  function due(): readonly KeptClaim[] {
    const kept = journal.kept()
    const hashes = new Set(kept.map(({ ticketHash }) => ticketHash))
    for (const hash of triesOf.keys()) if (!hashes.has(hash)) triesOf.delete(hash)
    const ripe = kept.filter(
      ({ ticketHash, offer }) =>
        serverClock.nowMs() - offer.ticket.ticket.issued_at_ms >= offerAfterMs &&
        clock.monotonicMs() >= (triesOf.get(ticketHash)?.notBeforeMs ?? 0),
    )
    return withinBounds(ripe)
  }

  function waitLonger({ ticketHash }: KeptClaim): void {
    const count = (triesOf.get(ticketHash)?.count ?? 0) + 1
    const ceilingMs = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(count - 1, 16))
    const waitMs = ceilingMs * (0.5 + deps.random() / 2)
    triesOf.set(ticketHash, { count, notBeforeMs: clock.monotonicMs() + waitMs })
  }

  async function offerDue(): Promise<void> {
    const batch = due()
    if (batch.length === 0) return
    const claims = batch.map(({ offer }) => offer)
    const answer = await deps.offer({ v: 1, node_id: deps.nodeId, claims })
    // Whatever the answer lacks is asked again later.
    for (const claim of batch) waitLonger(claim)
    if (!answer.ok) {
      log('claims_offered', { claims: claims.length, code: answer.error.code })
      return
    }
    for (const [at, { status, reason }] of answer.value.claims.entries()) {
      const claim = batch[at]
      log('claim_judged', { ticket_hash: claim?.ticketHash ?? null, status, reason })
      if (claim !== undefined && status !== 'retry') {
        journal.end(
          claim.ticketHash,
          reason === null ? status : `${status}: ${reason}`.slice(0, 64),
        )
      }
    }
  }

  return async (stop) => {
    while (!stop.aborted) {
      await offerDue().catch((error) => log('claims_bug', { message: messageOf(error) }))
      await clock.sleep(lookEveryMs, stop)
    }
  }
}

/** The oldest that fit one request. */
function withinBounds(claims: readonly KeptClaim[]): readonly KeptClaim[] {
  const headerBytes = 1024
  let bytes = headerBytes
  const fits = claims.slice(0, limits.lateClaimsPerBatch).findIndex(({ offer }) => {
    bytes += Buffer.byteLength(JSON.stringify(offer)) + 1
    return bytes > limits.lateClaimBytes
  })
  return claims.slice(0, fits < 0 ? limits.lateClaimsPerBatch : fits)
}
