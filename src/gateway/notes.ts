/**
 * What routing learns from a request: whose route is proven, who failed, whose trial went well. Written
 * beside what the customer waits for and never instead of it; what is lost, the next request that
 * meets the same writes again.
 */
import type { Attempt } from '../dispatch/attempt.ts'
import { type LiveProofDeps, recordLiveProof } from '../dispatch/live-proof.ts'
import { type AttemptEnd, countsAgainst } from '../routing/breaker.ts'
import type { BreakerStore } from '../routing/ports.ts'
import type { Verified } from '../routing/verify.ts'

export type Notes = ReturnType<typeof makeNotes>

export function makeNotes(deps: LiveProofDeps & { readonly breakers: BreakerStore }) {
  const { breakers, nowMs } = deps
  const writing: Promise<unknown>[] = []
  const note = (write: Promise<unknown>) => void writing.push(write.catch(() => undefined))
  const rejecters: Verified[] = []
  return {
    /** Waited for, because one request alone may try a host whose breaker is half-open. */
    takeTrial: ({ candidate }: Verified): Promise<boolean> =>
      breakers.takeTrial(candidate, nowMs()).catch(() => false),
    proven: ({ hot }: Verified, attempt: Extract<Attempt, { kind: 'open' }>) =>
      note(recordLiveProof(deps, attempt, hot)),
    ended: (verified: Verified, end: AttemptEnd) => {
      if (end === 'rejected') rejecters.push(verified)
      if (countsAgainst(end)) note(breakers.countFailure(verified.candidate, nowMs()))
      if (end !== 'finished') return
      if (verified.isTrial) note(breakers.close(verified.candidate))
      // What one host serves was no nonsense.
      for (const { candidate } of rejecters) note(breakers.countFailure(candidate, nowMs()))
    },
    /** Before the reply ends: after it a process may stand still. Never rejects. */
    written: (): Promise<unknown> => Promise.all(writing),
  }
}
