/** The error of a transaction that was cancelled, as the client makes it of DynamoDB's reply. */
import { AwsError } from '../../../src/adapters/aws/aws-error.ts'

/** The code alone, or all that the reply says of one write. */
export type Reason = string | { readonly Code: string; readonly Item?: object }

export const cancelled = (...reasons: readonly Reason[]): AwsError =>
  new AwsError('TransactionCanceledException', {
    message: 'cancelled',
    status: 400,
    reply: {
      CancellationReasons: reasons.map((one) => (typeof one === 'string' ? { Code: one } : one)),
    },
  })
