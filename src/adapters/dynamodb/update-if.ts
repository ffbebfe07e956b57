/** One conditional update of one item, answered as whether its condition held. */

import { isFailedCondition } from './client/errors.ts'
import type { UpdateInput } from './client/inputs.ts'
import type { Database } from './client.ts'

export async function updateIf({ client }: Database, update: UpdateInput): Promise<boolean> {
  try {
    await client.update(update)
    return true
  } catch (error) {
    if (isFailedCondition(error)) return false
    throw error
  }
}

/** Sets each field, under `#<name>` and `:<name>`, and leaves every other attribute alone. */
export function setFields(fields: Readonly<Record<string, unknown>>) {
  const entries = Object.entries(fields)
  return {
    UpdateExpression: `SET ${entries.map(([name]) => `#${name} = :${name}`).join(', ')}`,
    ExpressionAttributeNames: Object.fromEntries(entries.map(([name]) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(
      entries.map(([name, value]) => [`:${name}`, value]),
    ),
  }
}
