/** The operations of DynamoDB that are used, each with what it takes, over one way to call them. */
import { AwsError, lostNames } from '../../aws/aws-error.ts'
import type { ServiceCall } from '../../aws/service-call.ts'
import type {
  BatchGetInput,
  DeleteInput,
  GetInput,
  PutInput,
  QueryInput,
  ScanInput,
  TransactWriteInput,
  UpdateInput,
} from './inputs.ts'
import { type Reply, readReply, writeInput } from './wire.ts'

export type Operation =
  | 'GetItem'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'Query'
  | 'Scan'
  | 'BatchGetItem'
  | 'TransactWriteItems'

/** Throws `AwsError`; see errors.ts for what one means. */
export type Call = (operation: Operation, input: object) => Promise<Reply>

export type DynamodbClient = ReturnType<typeof clientOver>

export const clientOver = (call: Call) => ({
  /** The way of all of them, for what stands before every call. */
  call,
  get: (input: GetInput) => call('GetItem', input),
  put: (input: PutInput) => call('PutItem', input),
  update: (input: UpdateInput) => call('UpdateItem', input),
  delete: (input: DeleteInput) => call('DeleteItem', input),
  query: (input: QueryInput) => call('Query', input),
  scan: (input: ScanInput) => call('Scan', input),
  batchGet: (input: BatchGetInput) => call('BatchGetItem', input),
  transactWrite: (input: TransactWriteInput) => call('TransactWriteItems', input),
})

/** Sends each call a single time. */
export const callOver =
  (send: ServiceCall): Call =>
  async (operation, input) => {
    const target = `DynamoDB_20120810.${operation}`
    const reply = await send({ target, body: writeInput(input) })
    try {
      return readReply(reply)
    } catch (cause) {
      // It was done, whatever the reply means: not an error that says that it was not.
      const message = `DynamoDB's reply to ${operation} cannot be read.`
      throw new AwsError(lostNames.unreadable, { message, cause })
    }
  }
