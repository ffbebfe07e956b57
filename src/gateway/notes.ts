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
  return {
    /** Waited for, because one request alone may try a host whose breaker is half-open. */
    takeTrial: ({ candidate }: Verified): Promise<boolean> =>
      breakers.takeTrial(candidate, nowMs()).catch(() => false),
    proven: ({ hot }: Verified, attempt: Extract<Attempt, { kind: 'open' }>) =>
      note(recordLiveProof(deps, attempt, hot)),
    ended: ({ candidate, isTrial }: Verified, end: AttemptEnd) => {
      if (countsAgainst(end)) note(breakers.countFailure(candidate, nowMs()))
      else if (isTrial && end === 'finished') note(breakers.close(candidate))
    },
    /** Before the reply ends: after it a process may stand still. Never rejects. */
    written: (): Promise<unknown> => Promise.all(writing),
  }
}
