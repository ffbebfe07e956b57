import { describe, test } from 'vitest'
import { dynamodbLocal } from '../support/dynamodb-local.ts'
import { openDatabaseLedger } from './database-ledger.ts'
import { describeLedgerContract } from './ledger-contract.ts'

const engine = await dynamodbLocal()

if ('skipped' in engine) {
  console.info(`The ledger's contract over DynamoDB Local is skipped. ${engine.skipped}`)
  describe.skip(`the ledger's contract, over DynamoDB Local: ${engine.skipped}`, () => {
    test('is not run', () => undefined)
  })
} else {
  describeLedgerContract('over DynamoDB Local', () => openDatabaseLedger(engine))
}
