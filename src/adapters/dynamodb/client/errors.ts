/** What a refusal or a lost reply of DynamoDB means for the write that met it. */
import { AwsError, isTransient } from '../../aws/aws-error.ts'
import { asList, asObject, type Item, readItem } from './attribute-values.ts'

export function isFailedCondition(error: unknown): error is AwsError {
  return error instanceof AwsError && error.name === 'ConditionalCheckFailedException'
}

/** What stood there, where a condition failed and its write asked for it. */
export function itemOfFailedCondition(error: unknown): Item | undefined {
  return isFailedCondition(error) ? itemIn(error.reply) : undefined
}

/** `item` where a condition failed and its write asked for what stood there. */
export type CancellationReason = { readonly code: string; readonly item: Item | undefined }

/** Why each write of a cancelled transaction did not happen; empty for any other error. */
export function cancellationReasons(error: unknown): readonly CancellationReason[] {
  if (!(error instanceof AwsError && error.name === 'TransactionCanceledException')) return []
  const { CancellationReasons = [] } = asObject(error.reply ?? {})
  return asList(CancellationReasons).map((reason) => {
    const { Code = 'None' } = asObject(reason)
    return { code: String(Code), item: itemIn(reason) }
  })
}

/** Cancelled, whole and unchanged, by nothing but other writes and load: it may pass next time. */
export function isCrowdedOut(error: unknown): boolean {
  const codes = cancellationReasons(error).map(({ code }) => code)
  const reasons = codes.filter((code) => code !== 'None')
  return reasons.length > 0 && reasons.every(isCrowdCode)
}

export function isCrowdCode(code: string): boolean {
  return ['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'].includes(code)
}

/**
 * Whether a write may have happened although no reply came: time-outs, lost connections, faults of the
 * service. So are counted throttled and crowded-out writes: they have not happened, and repeating
 * them is as right. Everything else is a definite answer or a bug: what was never sent, such as a
 * failed assertion or a missing right, is no error of the service's.
 */
export const isUnknownOutcome = (error: unknown): boolean =>
  isTransient(error) || isCrowdedOut(error)

function itemIn(reply: unknown): Item | undefined {
  const { Item } = asObject(reply ?? {})
  return Item === undefined ? undefined : readItem(Item)
}
