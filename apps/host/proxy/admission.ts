/**
 * Who is let in: a valid ticket, shown for the first time, for a model that is ready, while a slot
 * is free. Decided before the body is read, so that strangers cannot make the agent buffer.
 */
import type { IncomingMessage } from 'node:http'
import {
  decodeTicket,
  type NodeLoad,
  type SignedTicket,
  type Ticket,
  type TicketExpectation,
  type TicketRefusal,
  ticketHeader,
  ticketRefusal,
} from '../../../src/protocol/ticket.ts'
import type { Target } from '../runtimes/monitor.ts'
import type { Refusal } from './replies.ts'
import type { Slots } from './slots.ts'
import { makeTicketMemory } from './ticket-memory.ts'

export type Admission =
  | {
      readonly kind: 'admitted'
      readonly signed: SignedTicket
      readonly target: Target
      readonly release: () => void
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** The ticket is good, so this refusal is signed. */
  | { readonly kind: 'busy'; readonly ticket: Ticket; readonly load: NodeLoad }

export type AdmissionDeps = {
  /** What tickets must say at this moment, but for the body. */
  readonly expectation: () => Omit<TicketExpectation, 'bodySha256'>
  readonly takesWork: () => boolean
  readonly targetOf: (artifactDigest: string) => Target | undefined
  readonly slots: Pick<Slots, 'take' | 'load'>
}

const refusalMessages: Readonly<Record<TicketRefusal, string>> = {
  bad_ticket: 'A dispatch needs a ticket signed by the gateway.',
  ticket_expired: 'The ticket is not valid at this time.',
  ticket_before_boot: 'The ticket was issued before this agent started.',
  wrong_stage: 'The ticket is for another stage.',
  wrong_node: 'The ticket is for another node.',
  stale_route: 'The ticket names another route epoch than the current one.',
  wrong_body: 'The body is not the one that the ticket names.',
}

export function ticketRefused(code: TicketRefusal): Refusal {
  return { status: code === 'stale_route' ? 409 : 401, code, message: refusalMessages[code] }
}

export function makeAdmission(deps: AdmissionDeps): (request: IncomingMessage) => Admission {
  const memory = makeTicketMemory()

  return (request) => {
    const header = request.headers[ticketHeader]
    const signed = typeof header === 'string' ? decodeTicket(header) : undefined
    if (signed === undefined) return { kind: 'refused', refusal: ticketRefused('bad_ticket') }
    const { ticket } = signed
    const expectation = deps.expectation()
    const refusal = ticketRefusal(signed, { ...expectation, bodySha256: ticket.body_sha256 })
    if (refusal !== undefined) return { kind: 'refused', refusal: ticketRefused(refusal) }

    const shown = { id: ticket.ticket_id, expiresAtMs: ticket.expires_at_ms }
    const memorable = memory.remember(shown, expectation.nowMs)
    if (memorable === 'replayed') {
      const message = 'The ticket was already used.'
      return { kind: 'refused', refusal: { status: 409, code: 'ticket_replayed', message } }
    }
    const target = deps.targetOf(ticket.artifact_digest)
    const takesWork = deps.takesWork()
    const isReady = memorable === 'new' && takesWork && target !== undefined
    const release = isReady ? deps.slots.take(target.runtimeId, target.capacity) : undefined
    return target === undefined || release === undefined
      ? { kind: 'busy', ticket, load: loadOf(target, takesWork) }
      : { kind: 'admitted', signed, target, release }
  }

  function loadOf(target: Target | undefined, takesWork: boolean): NodeLoad {
    const load = deps.slots.load(target && { id: target.runtimeId, capacity: target.capacity })
    return takesWork ? load : { ...load, slots: 0 }
  }
}
