/**
 * Relays one open attempt. Until first content nothing is handed on, so that another host can take over
 * unseen; from then on this host's answer is the answer.
 */
import type { Attempt } from '../dispatch/attempt.ts'
import type { HostContent } from '../dispatch/host-events.ts'
import { isGenuineClaim, type SignedClaim } from '../protocol/claim.ts'
import type { NowMs } from '../protocol/clock.ts'
import type { PricedCandidate } from '../routing/choose.ts'
import type { RelayTotals } from './relay.ts'
import type { AnswerRelay, Shown } from './work.ts'

/** `cut`: the body ended before the host had finished its answer. */
export type ServeEnd = 'finished' | 'cut' | 'host_error' | 'timed_out'

export type Served = {
  readonly candidate: PricedCandidate
  /** Content went out, or the host finished an answer without any. */
  readonly delivered: boolean
  readonly end: ServeEnd
  readonly totals: RelayTotals
  readonly claim: SignedClaim | undefined
  readonly firstContentAtMs: number | undefined
}

export type StartedEvent = {
  readonly kind: 'started'
  readonly candidate: PricedCandidate
  /** Hosts tried in vain before this one. */
  readonly retries: number
  /** From arrival of the request until the first host was dialled. */
  readonly overheadMs: number
}
type ServeEvent = StartedEvent | Shown

export async function* serveFrom(from: {
  readonly attempt: Extract<Attempt, { kind: 'open' }>
  readonly relay: AnswerRelay
  readonly candidate: PricedCandidate
  readonly started: StartedEvent
  readonly nowMs: NowMs
}): AsyncGenerator<ServeEvent, Served> {
  const { attempt, relay, candidate } = from
  let firstContentAtMs: number | undefined
  let claim: SignedClaim | undefined
  let broken: ServeEnd | undefined
  for await (const batch of attempt.events) {
    const content: HostContent[] = []
    for (const event of batch) {
      if (event.kind === 'timeout') broken ??= 'timed_out'
      // A host that failed still signs for what it delivered, so its claim is waited for.
      if (event.kind === 'error') broken ??= 'host_error'
      if (event.kind === 'claim') claim = event.claim
      const isContent = event.kind === 'chunk' || event.kind === 'document'
      if (isContent && broken === undefined) content.push(event)
    }
    const shown = content.length > 0 ? relay.take(content) : undefined
    if (!shown) continue
    if (firstContentAtMs === undefined) {
      firstContentAtMs = from.nowMs()
      attempt.contentBegan()
      yield from.started
    }
    yield shown
  }
  const end = broken ?? (relay.isFinished() ? 'finished' : 'cut')
  const delivered = relay.hasContent() || end === 'finished'
  if (delivered && firstContentAtMs === undefined) yield from.started
  const totals = relay.totals()
  const { ticketHash } = attempt
  const { outputSha256 } = totals
  const genuine = claim && isGenuineClaim(claim, { candidate, ticketHash, outputSha256 })
  return {
    candidate,
    delivered,
    end,
    totals,
    claim: genuine ? claim : undefined,
    firstContentAtMs,
  }
}
