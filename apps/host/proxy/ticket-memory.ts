/**
 * Remembers the tickets that were shown, for as long as they could be shown again: each is good for
 * one dispatch.
 */
import { ticketLifeMsMax } from '../../../src/protocol/ticket.ts'

/** A minute of tickets at a thousand a second; beyond that the node is full by any measure. */
const ticketsMax = 65_536

export type TicketMemory = {
  readonly remember: (
    ticket: { readonly id: string; readonly expiresAtMs: number },
    nowMs: number,
  ) => 'new' | 'replayed' | 'full'
}

export function makeTicketMemory(): TicketMemory {
  /** In the order they came; lives differ by seconds only, so the oldest are at the front. */
  const forgetAtMs = new Map<string, number>()

  function forgetExpired(nowMs: number): void {
    for (const [id, atMs] of forgetAtMs) {
      if (atMs >= nowMs) return
      forgetAtMs.delete(id)
    }
  }

  return {
    remember: ({ id, expiresAtMs }, nowMs) => {
      forgetExpired(nowMs)
      if (forgetAtMs.has(id)) return 'replayed'
      if (forgetAtMs.size >= ticketsMax) return 'full'
      // A life longer than needed, for tolerance and for clocks that are corrected backwards.
      forgetAtMs.set(id, expiresAtMs + ticketLifeMsMax)
      return 'new'
    },
  }
}
