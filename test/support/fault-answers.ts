/** Refusals in the form in which DynamoDB sends them. */
import type { WireRequest } from './fault-proxy.ts'

export type EngineAnswer = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

const model = 'com.amazonaws.dynamodb.v20120810'

const errorAnswer = (
  status: number,
  type: string,
  message: string,
  more: object = {},
): EngineAnswer => ({ status, body: JSON.stringify({ __type: type, message, ...more }) })

export const errorAnswers = {
  capacity: errorAnswer(
    400,
    `${model}#ProvisionedThroughputExceededException`,
    'The level of configured provisioned throughput for the table was exceeded.',
  ),
  rate: errorAnswer(
    400,
    'com.amazon.coral.availability#ThrottlingException',
    'Throughput exceeds the current capacity of your table or index.',
  ),
  fault: errorAnswer(500, `${model}#InternalServerError`, 'Internal server error'),
} as const

/** Another transaction is at work on an item: one form for transactions, another for single writes. */
export function conflictAnswer({ operation, body }: WireRequest): EngineAnswer {
  if (operation !== 'TransactWriteItems') {
    const type = `${model}#TransactionConflictException`
    return errorAnswer(400, type, 'Transaction is ongoing for the item')
  }
  const items = Array.isArray(body.TransactItems) ? body.TransactItems : []
  const reasons = items.map((_, index) =>
    index === 0
      ? { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' }
      : { Code: 'None' },
  )
  const codes = reasons.map(({ Code }) => Code).join(', ')
  return errorAnswer(
    400,
    `${model}#TransactionCanceledException`,
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { CancellationReasons: reasons },
  )
}
