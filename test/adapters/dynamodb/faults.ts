/** Another client of the same tables whose calls a test may fail or change on their way. */
import { clientOver, type Operation } from '../../../src/adapters/dynamodb/client/operations.ts'
import type { Database } from '../../../src/adapters/dynamodb/client.ts'

export type Call = {
  readonly command: Operation
  /** What the call was made with; may be changed. */
  readonly input: object
}

/** `beforeCall` sees every call that is not sent once, and may throw in its place. */
export function withFaults(database: Database, beforeCall: (call: Call) => unknown): Database {
  const { call } = database.client
  const client = clientOver(async (command, input) => {
    await beforeCall({ command, input })
    return call(command, input)
  })
  return { ...database, client }
}
