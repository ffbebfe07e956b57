/**
 * Sums of spend. They only ever grow, in transactions that also mark the holds they are of; a mark
 * that is there already cancels its transaction whole.
 */
import * as z from 'zod'
import type { Random } from '../../protocol/clock.ts'
import type { DayRange, SpendStore } from '../../spend/ports.ts'
import type { Item } from './client/attribute-values.ts'
import type { Database } from './client.ts'
import {
  daysOfValue,
  fromSpendItem,
  holdMark,
  monthOf,
  spendAddition,
  spendKey,
  spendPartition,
  valuesAfter,
} from './items/spend-item.ts'
import { mergeAscending } from './merge-ascending.ts'
import { queryItems } from './query-items.ts'
import { transact } from './transact.ts'

export function makeSpendStore(
  database: Database,
  { random }: { readonly random: Random },
): SpendStore {
  const TableName = database.tables.spend

  return {
    countSpend: async ({ holds, rows }) => {
      const outcome = await transact(database, [
        ...holds.map((hold) => ({
          Put: {
            TableName,
            Item: holdMark(hold),
            ConditionExpression: 'attribute_not_exists(pk)',
          },
        })),
        ...rows.map((row) => ({
          Update: { TableName, Key: spendKey(row, random()), ...spendAddition(row) },
        })),
      ])
      if (outcome.kind === 'committed') return { kind: 'counted' }
      const known = outcome.failed.flatMap((index) => holds[index]?.holdId ?? [])
      return { kind: 'known', holdIds: new Set(known) }
    },

    rowsOf: async function* (subject, range) {
      for (const month of monthsOf(range)) {
        const { from, to } = daysOfValue(subject, range)
        const items = queryItems(database, {
          TableName,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
          ExpressionAttributeValues: {
            ':pk': spendPartition(subject.dimension, month),
            ':from': from,
            ':to': to,
          },
        })
        for await (const item of items) yield fromSpendItem(subject.dimension, item)
      }
    },

    rowsByValue: async function* ({ dimension, prefix, after }, range) {
      const { from, to } = valuesAfter(prefix, after)
      const months = monthsOf(range).map((month) =>
        queryItems(database, {
          TableName,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
          ExpressionAttributeValues: {
            ':pk': spendPartition(dimension, month),
            ':from': from,
            ':to': to,
          },
        }),
      )
      for await (const item of mergeAscending(months, sortKeyOf)) {
        const row = fromSpendItem(dimension, item)
        if (row.day >= range.from && row.day <= range.to) yield row
      }
    },
  }
}

const sortKeyOf = (item: Item): string => z.object({ sk: z.string() }).parse(item).sk

/** `2026-10`, `2026-11`: those that the days from first to last lie in. */
function monthsOf({ from, to }: DayRange): string[] {
  const months: string[] = []
  for (let month = monthOf(from); month <= monthOf(to); month = monthAfter(month)) {
    months.push(month)
  }
  return months
}

function monthAfter(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number)).toISOString().slice(0, 7)
}
