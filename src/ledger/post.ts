/** Posting an entry: asserted, written once however often it is repeated, its outcome resolved. */

import { absurd } from '../protocol/assert.ts'
import type { Ids, NowMs, Sleep } from '../protocol/clock.ts'
import { assertLegs, type Entry } from './journal.ts'
import type { Guard, JournalStore, PostOutcome } from './journal-ports.ts'
import { resolveUnknown } from './retry.ts'

export type PostDeps = {
  readonly journal: Pick<JournalStore, 'post'>
  readonly ids: Pick<Ids, 'ulid'>
  readonly nowMs: NowMs
  readonly sleep: Sleep
}

export type Posted =
  | { readonly kind: 'posted'; readonly entry: Entry }
  /** By somebody else under the same reference, or by an earlier call. */
  | { readonly kind: 'posted_before'; readonly entry: Entry }
  | Extract<PostOutcome, { kind: 'refused' }>
  /** Whether it was posted is not known; the same call again finds out. */
  | { readonly kind: 'unavailable' }

export async function post(
  deps: PostDeps,
  draft: Omit<Entry, 'entryId' | 'atMs'>,
  guards: readonly Guard[] = [],
): Promise<Posted> {
  const atMs = deps.nowMs()
  const entry: Entry = { ...draft, entryId: deps.ids.ulid(atMs), atMs }
  assertLegs(entry.kind, entry.legs, entry.entryId)
  let lastTry = 0
  const outcome = await resolveUnknown((attempt) => {
    lastTry = attempt
    return deps.journal.post({ entry, guards })
  }, deps.sleep)
  switch (outcome.kind) {
    case 'posted':
      return { kind: 'posted', entry }
    case 'posted_before':
      return outcome.entry.entryId === entry.entryId
        ? { kind: 'posted', entry: outcome.entry }
        : outcome
    case 'refused':
      // A try without an answer may still arrive and pass: the refusal of a later one is not final.
      return lastTry === 0 ? outcome : { kind: 'unavailable' }
    case 'unknown':
      return { kind: 'unavailable' }
    default:
      return absurd(outcome)
  }
}
