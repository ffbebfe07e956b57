/**
 * Started by the receipts' stream with what was decided since; or by an operator, to count what an
 * account's receipts say and the stream did not bring: `docs/runbooks/spend-behind.md`.
 */
import middy from '@middy/core'
import * as z from 'zod'
import { StreamEvent } from '../../src/adapters/dynamodb/stream-record.ts'
import { AccountId, HoldId } from '../../src/protocol/ids.ts'
import { logContext } from '../compose/parts.ts'
import { composeRollUpSpend } from '../compose/streams.ts'

const RecountEvent = z.strictObject({
  recount: z.strictObject({ account_id: AccountId, after: HoldId.optional() }),
})

const { consume, recount } = await composeRollUpSpend(process.env)

export const handler = middy(async (event: unknown) => {
  const asked = RecountEvent.safeParse(event)
  if (!asked.success) return consume(StreamEvent.parse(event))
  const { account_id: accountId, after } = asked.data.recount
  return recount({ accountId, after })
}).use(logContext)
