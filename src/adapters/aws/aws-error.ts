/**
 * What went wrong with a call of an AWS service: its refusal by the service's own name, or that no
 * usable reply came. The latter says nothing about whether the call took effect.
 */

type Refusal = {
  readonly message: string
  /** HTTP's; undefined where no whole reply came. */
  readonly status?: number
  /** The reply as JSON, where it was some. */
  readonly reply?: unknown
  readonly cause?: unknown
}

export class AwsError extends Error {
  readonly status: number | undefined
  readonly reply: unknown

  /** `name` such as `ConditionalCheckFailedException`, or one of `lostNames`. */
  constructor(name: string, { message, status, reply, cause }: Refusal) {
    super(message, { cause })
    this.name = name
    this.status = status
    this.reply = reply
  }
}

/** The names of calls that ended without a usable reply. */
export const lostNames = {
  timeout: 'TimeoutError',
  connection: 'ConnectionError',
  unreadable: 'UnreadableReply',
} as const

/** Nothing is known of the call, for want of a reply. */
export const isLost = (error: unknown): boolean =>
  error instanceof AwsError && error.status === undefined

const throttles: readonly string[] = [
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TransactionConflictException',
  'TransactionInProgressException',
]

/** Refused for the load or for another write under way: nothing happened, and it may pass later. */
export const isThrottled = (error: unknown): boolean =>
  error instanceof AwsError && throttles.includes(error.name)

/** Lost, throttled, or a fault of the service: the same call may pass next time. */
export const isTransient = (error: unknown): boolean =>
  error instanceof AwsError &&
  (error.status === undefined || error.status >= 500 || isThrottled(error))
