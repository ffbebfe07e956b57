/** Another client of the same tables whose calls a test may fail or change on their way. */
import {
  type Database,
  type DatabaseOptions,
  makeDatabase,
} from '../../../src/adapters/dynamodb/client.ts'

export type Call = {
  readonly command: string | undefined
  /** What the command was made with; may be changed. */
  readonly input: object
}

/** `beforeCall` sees every call and may throw in its place. */
export function withFaults(
  { endpoint, tables, enforce }: DatabaseOptions,
  beforeCall: (call: Call) => unknown,
): Database {
  const database = makeDatabase({ endpoint, tables, enforce })
  database.client.middlewareStack.add(
    (next, context) => async (args) => {
      await beforeCall({ command: context.commandName, input: args.input })
      return next(args)
    },
    { step: 'initialize', name: 'testFaults' },
  )
  return database
}
