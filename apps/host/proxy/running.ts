/** The dispatches that run now, by ticket, so that a cancel can end exactly the one it names. */
import { assert } from '../../../src/protocol/assert.ts'
import { type Ticket, ticketHash } from '../../../src/protocol/ticket.ts'

export type Running = {
  readonly begin: (ticket: Ticket) => {
    /** Aborts when the gateway cancels this dispatch. */
    readonly cancelled: AbortSignal
    readonly end: () => void
  }
  /** False where no such dispatch runs; true again for one that was cancelled and still ends. */
  readonly cancel: (of: { readonly ticketId: string; readonly ticketHash: string }) => boolean
}

/** Holds no more than there are slots. */
export function makeRunning(): Running {
  const running = new Map<string, { readonly hash: string; readonly by: AbortController }>()

  return {
    begin: (ticket) => {
      const id = ticket.ticket_id
      assert(!running.has(id), 'a ticket runs once', { id })
      const by = new AbortController()
      running.set(id, { hash: ticketHash(ticket), by })
      return { cancelled: by.signal, end: () => void running.delete(id) }
    },
    cancel: ({ ticketId, ticketHash: hash }) => {
      const found = running.get(ticketId)
      if (found === undefined || found.hash !== hash) return false
      found.by.abort()
      return true
    },
  }
}
