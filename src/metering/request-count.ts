/** How a paid request ended, as the numbers by which customers' experience is watched. */
import type { ErrorCode } from '../protocol/errors.ts'

export type RequestCount = {
  readonly requestId: string
  /** Why it was not answered whole; undefined where it was. */
  readonly code: ErrorCode | 'client_gone' | undefined
  /** `refused`: for what the customer asked, has or did. `failed`: by us or by hosts. */
  readonly ending: 'answered' | 'refused' | 'failed'
  /** Its first content came later than the objective allows. */
  readonly isSlow: boolean
  /** Undefined without content, and where the work takes as long as it takes. */
  readonly firstContentMs: number | undefined
  readonly attemptsFailed: number
  /** In nano-dollars; undefined where nothing was settled. */
  readonly charge: bigint | undefined
  /** Whether the ledger could not be reached to settle. */
  readonly isDecisionUnknown: boolean
}

/** Told once per request, before its reply ends: on Lambda nothing runs after it. */
export type CountRequest = (count: RequestCount) => void
