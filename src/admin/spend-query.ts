/** What may be asked about spend: sums are kept of one thing at a time, so one thing is asked about. */
import * as z from 'zod'
import type { KeyStore } from '../keys/api-key.ts'
import { dayMs } from '../protocol/clock.ts'
import { AccountId, KeyId, ModelId, NodeId } from '../protocol/ids.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { Dimension, Subject } from '../spend/ports.ts'
import { keyValue } from '../spend/rows-of.ts'
import { everything } from '../spend/show-spend.ts'
import { pageFields } from './page.ts'

/** Bounds what one answer has to read. */
const daysMax = 92

export const SpendQuery = z
  .strictObject({
    by: z.enum(['day', 'account', 'key', 'model', 'node', 'tag']),
    /** UTC days, both included; a request counts on the day on which it was taken. */
    from: z.iso.date(),
    to: z.iso.date(),
    account_id: AccountId.optional(),
    key_id: KeyId.optional(),
    model: ModelId.optional(),
    node_id: NodeId.optional(),
    tag: z
      .string()
      .regex(/^[^=]{1,32}=.{1,64}$/u, 'must be a tag such as team=red')
      .optional(),
    limit: pageFields.limit,
    /** As the page before gave it. */
    after: z.string().min(1).max(160).optional(),
  })
  .refine(({ from, to }) => from <= to, { path: ['to'], error: 'must not be before "from"' })
  .refine(({ from, to }) => Date.parse(to) - Date.parse(from) < daysMax * dayMs, {
    path: ['to'],
    error: `must be within ${daysMax} days of "from", both included`,
  })
export type SpendQuery = z.infer<typeof SpendQuery>

export type AskedSpend = {
  /** Whose spend the total is. */
  readonly subject: Subject
  /**
   * What the lines are: days, the subject itself, or all values of a dimension that begin with `prefix`.
   */
  readonly lines:
    | { readonly kind: 'days' }
    | { readonly kind: 'subject' }
    | { readonly kind: 'values'; readonly dimension: Dimension; readonly prefix: string }
}

export async function askedSpend(
  keys: Pick<KeyStore, 'readById'>,
  query: SpendQuery,
): Promise<Result<AskedSpend>> {
  const { by, account_id: accountId } = query
  const found = await subjectOf(keys, query)
  if (!found.ok) return found
  const subject = found.value
  if (by === 'day') return ok({ subject, lines: { kind: 'days' } })
  if (by === subject.dimension) return ok({ subject, lines: { kind: 'subject' } })
  const isKeysOfAccount = by === 'key' && subject.dimension === 'account'
  if (subject.dimension !== 'all' && !isKeysOfAccount) {
    return invalid('by', `the spend of one ${subject.dimension} is told by day or as a whole`)
  }
  const prefix = isKeysOfAccount ? keyValue(accountId ?? '', '') : ''
  if (query.after !== undefined && !query.after.startsWith(prefix)) {
    return invalid('after', 'must be the "next" of the page before')
  }
  return ok({ subject, lines: { kind: 'values', dimension: by, prefix } })
}

async function subjectOf(
  keys: Pick<KeyStore, 'readById'>,
  { account_id, key_id, model, node_id, tag }: SpendQuery,
): Promise<Result<Subject>> {
  const others = [model, node_id, tag].filter((one) => one !== undefined).length
  const isOne = others + (account_id === undefined && key_id === undefined ? 0 : 1) <= 1
  if (!isOne) {
    return refuse('invalid_value', {
      message:
        'Give one of account_id, key_id, model, node_id and tag: sums are kept of each alone.',
    })
  }
  if (key_id !== undefined) {
    // With the account as well, where a key paid from another account than its own.
    const owner = account_id ?? (await keys.readById(key_id))?.accountId
    if (owner === undefined) return refuse('key_not_found')
    return ok({ dimension: 'key', value: keyValue(owner, key_id) })
  }
  if (account_id !== undefined) return ok({ dimension: 'account', value: account_id })
  if (model !== undefined) return ok({ dimension: 'model', value: model })
  if (node_id !== undefined) return ok({ dimension: 'node', value: node_id })
  if (tag !== undefined) return ok({ dimension: 'tag', value: tag })
  return ok(everything)
}

const invalid = (param: string, reason: string) =>
  refuse('invalid_value', { param, message: `${param}: ${reason}.` })
