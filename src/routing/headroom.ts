/**
 * How much room a candidate had at its last beat. That is half a minute old and the same for every
 * gateway: where all kept away from a host at once, all would crowd at the others and come back
 * together. So it is a hint, taken by chance; what counts is the host's own `busy` at the door.
 */
import type { Candidate } from '../fleet/pool.ts'
import type { Random } from '../protocol/clock.ts'

/** With less than this share of its slots free a host is loaded to somebody. */
const roomyFrom = 0.25
/** Of requests, how many ask even a host that had no free slot. */
const undeterred = 0.5

/** Of a host that has not told. */
const unknownHeadroom = 0.5
const unknownSlots = 4
/** Slots are a host's own word: above these they draw no more work. */
const slotsMax = 64

/** A line of its own for each request, so that a host that fills up loses its work little by little. */
export function loadedFor(random: Random): (candidate: Candidate) => boolean {
  const line = (roomyFrom * (random() - undeterred)) / (1 - undeterred)
  return ({ headroom = unknownHeadroom }) => headroom <= line
}

/** Below this free share of all their slots, hosts are too few to some of the requests. */
const enoughFrom = 0.7

/** The fuller they are, the more requests look further: again little by little. */
export function haveRoomFor(candidates: readonly Candidate[], random: Random): boolean {
  let slots = 0
  let free = 0
  for (const candidate of candidates) {
    const { headroom = unknownHeadroom } = candidate
    slots += capacityOf(candidate)
    free += capacityOf(candidate) * headroom
  }
  return free >= enoughFrom * random() * slots
}

/** What a host can hold, as far as it is believed. */
export const capacityOf = ({ slots = unknownSlots }: Candidate): number => Math.min(slots, slotsMax)
