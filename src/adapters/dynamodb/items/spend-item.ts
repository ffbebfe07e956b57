/**
 * Rows of spend and marks of counted holds, as they are stored. A month of a dimension is a partition,
 * so that the days of a value stand together and values come in order. What many accounts share is
 * written in stripes: transactions of two shards that met on one item would cancel each other.
 */
import * as z from 'zod'
import type { CountedHold, DayRange, Dimension, SpendRow, Subject } from '../../../spend/ports.ts'
import { Amount, Int } from '../item-fields.ts'

const count = Amount.default(0n)

const SpendItem = z.object({
  pk: z.string(),
  sk: z.string(),
  newestMs: Int,
  requests: count,
  completed: count,
  partial: count,
  failed: count,
  expired: count,
  promptTokens: count,
  cachedPromptTokens: count,
  completionTokens: count,
  units: count,
  charge: count,
  hostShare: count,
  fee: count,
})

const stripesOf: Readonly<Record<Dimension, number>> = {
  all: 4,
  model: 4,
  node: 4,
  tag: 4,
  // An account's receipts stand in one partition, so they come by one shard.
  account: 1,
  key: 1,
}

export const holdMark = ({ holdId, expiresAtSec }: CountedHold) => ({
  pk: `counted#${holdId}`,
  sk: 'mark',
  expiresAtSec,
})

export const monthOf = (day: string): string => day.slice(0, 7)
export const spendPartition = (dimension: Dimension, month: string) => `${dimension}#${month}`

/** `random` in [0, 1) picks the stripe. */
export function spendKey({ dimension, value, day }: SpendRow, random: number) {
  const stripe = Math.floor(random * stripesOf[dimension])
  return { pk: spendPartition(dimension, monthOf(day)), sk: `${escaped(value)}#${day}#${stripe}` }
}

/** Both ends included, for the days of one value within its month's partition. */
export const daysOfValue = ({ value }: Subject, { from, to }: DayRange) => ({
  from: `${escaped(value)}#${from}#`,
  to: `${escaped(value)}#${to}#~`,
})

/** Both ends included, for all values that begin with `prefix` and come after `after`. */
export const valuesAfter = (prefix: string, after: string | undefined) => ({
  // Below every value, where there is nothing to begin after: a key cannot be empty.
  from: after === undefined ? escaped(prefix) || ' ' : `${escaped(after)}#~`,
  to: `${escaped(prefix)}\u{10ffff}`,
})

/** Tags are operators' words: what parts the fields of a key must not stand in one of them. */
const escaped = (value: string): string => value.replaceAll('%', '%25').replaceAll('#', '%23')
const unescaped = (value: string): string => value.replaceAll('%23', '#').replaceAll('%25', '%')

/** Adds what is not zero; a row that is not there begins at zero. */
export function spendAddition({ spend, newestMs }: SpendRow) {
  const added = Object.entries(spend).filter(([, amount]) => amount !== 0n)
  return {
    UpdateExpression: `SET newestMs = :newest ADD ${added.map(([name]) => `#${name} :${name}`).join(', ')}`,
    // Some of the names are reserved words.
    ExpressionAttributeNames: Object.fromEntries(added.map(([name]) => [`#${name}`, name])),
    ExpressionAttributeValues: {
      ':newest': newestMs,
      ...Object.fromEntries(added.map(([name, amount]) => [`:${name}`, amount])),
    },
  }
}

export function fromSpendItem(
  dimension: Dimension,
  item: Readonly<Record<string, unknown>>,
): SpendRow {
  const { pk: _, sk, newestMs, ...spend } = SpendItem.parse(item)
  const [value = '', day = ''] = sk.split('#')
  return { dimension, value: unescaped(value), day, spend, newestMs }
}
