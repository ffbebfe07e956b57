/** What keeping reputations needs of a store. */
import type { Reputation } from './reputation.ts'

/** `version` is 0 before the first write. */
export type StoredReputation = { readonly reputation: Reputation; readonly version: number }

export type ReputationStore = {
  readonly readReputation: (nodeId: string) => Promise<StoredReputation>
  /** False unless the stored version is still `fromVersion`; `score` goes to the node as well. */
  readonly writeReputation: (change: {
    readonly reputation: Reputation
    readonly fromVersion: number
    readonly score: number
  }) => Promise<boolean>
}
