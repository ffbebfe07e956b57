/** What calls consume, in the engine's own count of capacity units. */
import * as z from 'zod'
import { isFailedCondition } from '../../src/adapters/dynamodb/client/errors.ts'
import type { Operation } from '../../src/adapters/dynamodb/client/operations.ts'
import { type Database, wrapCalls } from '../../src/adapters/dynamodb/client.ts'

const Capacity = z.object({ CapacityUnits: z.number() })
/** A transaction tells of each table. */
const Consumed = z.union([z.array(Capacity), Capacity.transform((one) => [one])])

export type Spent = { readonly operation: Operation; readonly units: number }

/** The same tables, and one row in `spent` for every call so far. */
export function metered(of: Database): { readonly database: Database; readonly spent: Spent[] } {
  const spent: Spent[] = []
  const database = wrapCalls(of, (call) => async (operation, input) => {
    try {
      const reply = await call(operation, { ...input, ReturnConsumedCapacity: 'INDEXES' })
      const tables = Consumed.parse(reply.ConsumedCapacity)
      spent.push({ operation, units: tables.reduce((sum, one) => sum + one.CapacityUnits, 0) })
      return reply
    } catch (error) {
      // Refused writes are paid for as well, and a refusal does not tell what it cost.
      if (isFailedCondition(error)) spent.push({ operation, units: 1 })
      throw error
    }
  })
  return { database, spent }
}

export const unitsOf = (spent: readonly Spent[]): number =>
  spent.reduce((sum, { units }) => sum + units, 0)
