/** One conditional update of one item, answered as whether its condition held. */
import { UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb'
import { type Database, isFailedCondition } from './client.ts'

export async function updateIf({ client }: Database, update: UpdateCommandInput): Promise<boolean> {
  try {
    await client.send(new UpdateCommand(update))
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
