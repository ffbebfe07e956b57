/**
 * What routing learns from a request: whose route is proven, who failed, whose trial went well. Written
 * beside what the customer waits for and never instead of it; what is lost, the next request that
 * meets the same writes again.
 */
import type { Attempt } from '../dispatch/attempt.ts'
import { type LiveProofDeps, recordLiveProof } from '../dispatch/live-proof.ts'
import type { Candidate } from '../fleet/pool.ts'
import { type AttemptEnd, countsAgainst } from '../routing/breaker.ts'
import type { BreakerStore } from '../routing/ports.ts'
import type { Verified } from '../routing/verify.ts'

export function makeNotes(deps: LiveProofDeps & { readonly breakers: BreakerStore }) {
  const { breakers, nowMs } = deps
  const writing: Promise<unknown>[] = []
  const note = (write: Promise<unknown>) => void writing.push(write.catch(() => undefined))
  const trials = new Map<Candidate, string>()
  const rejecters: Candidate[] = []

  return {
    /** Waited for, because one request alone may try a host whose breaker is half-open. */
    takeTrial: async ({ candidate }: Verified): Promise<boolean> => {
      const trialId = await breakers.takeTrial(candidate, nowMs()).catch(() => undefined)
      if (trialId !== undefined) trials.set(candidate, trialId)
      return trialId !== undefined
    },
    proven: ({ hot }: Verified, attempt: Extract<Attempt, { kind: 'open' }>) =>
      note(recordLiveProof(deps, attempt, hot)),
    ended: (
      { candidate }: Verified,
      end: AttemptEnd,
      { isServed, startedAtMs }: { readonly isServed: boolean; readonly startedAtMs: number },
    ) => {
      const trialId = trials.get(candidate)
      if (countsAgainst(end)) note(breakers.countFailure(candidate, nowMs(), startedAtMs))
      else if (trialId !== undefined) {
        note(isServed ? breakers.close(candidate, trialId) : breakers.giveBack(candidate, trialId))
      }
      if (end === 'rejected') rejecters.push(candidate)
      if (end !== 'finished') return
      // What its equal serves was no nonsense.
      const liars = rejecters.filter((one) => couldServe(one, candidate))
      for (const one of liars) note(breakers.countFailure(one, nowMs()))
    },
    /** Before the reply ends: after it a process may stand still. Never rejects. */
    written: (): Promise<unknown> => Promise.all(writing),
  }
}

/** A smaller context, another runtime or another build may refuse in earnest what this one serves. */
const couldServe = (rejecter: Candidate, server: Candidate): boolean =>
  rejecter.profileId === server.profileId &&
  rejecter.runtimeKind === server.runtimeKind &&
  rejecter.contextLength >= server.contextLength
