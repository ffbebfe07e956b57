/** Every reason that moves a reputation, in respect of what, for better or worse, and in words. */
import type { Dimension } from './evidence.ts'

type Reason = {
  readonly dimension: Dimension
  readonly isGood: boolean
  readonly message: string
}

export const reasons = {
  served: { dimension: 'delivery', isGood: true, message: 'A request was served to its end.' },
  broke_off: {
    dimension: 'delivery',
    isGood: false,
    message: 'The answer broke off after it had begun.',
  },
  refused: { dimension: 'delivery', isGood: false, message: 'A dispatch was refused.' },
  no_proof: {
    dimension: 'delivery',
    isGood: false,
    message: 'A dispatch was answered without the proof of this node.',
  },
  connect_failed: {
    dimension: 'delivery',
    isGood: false,
    message: 'The route did not take a connection.',
  },
  timed_out: {
    dimension: 'delivery',
    isGood: false,
    message: 'Nothing came within the time that a dispatch has.',
  },
  cut: {
    dimension: 'delivery',
    isGood: false,
    message: 'The connection ended before there was any content.',
  },
  host_error: {
    dimension: 'delivery',
    isGood: false,
    message: 'The runtime failed before there was any content.',
  },
  claim_agreed: {
    dimension: 'accounting',
    isGood: true,
    message: 'The signed claim agreed with what was counted.',
  },
  claim_missing: {
    dimension: 'accounting',
    isGood: false,
    message: 'No valid claim came with a whole answer.',
  },
  inflated_usage: {
    dimension: 'accounting',
    isGood: false,
    message: 'The claim named more tokens than were delivered; the lower count was billed.',
  },
  spot_check_passed: {
    dimension: 'integrity',
    isGood: true,
    message: 'A spot check found the answer of the approved build.',
  },
  spot_check_failed: {
    dimension: 'integrity',
    isGood: false,
    message: 'A spot check found another answer than the approved build gives.',
  },
} as const satisfies Readonly<Record<string, Reason>>

export type ReputationReason = keyof typeof reasons

export const isReason = (text: string): text is ReputationReason => Object.hasOwn(reasons, text)
