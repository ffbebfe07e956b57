import { startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { openDatabaseLedger } from './database-ledger.ts'
import { describeLedgerContract } from './ledger-contract.ts'

describeLedgerContract('over the embedded DynamoDB', async () =>
  openDatabaseLedger(await startEmbeddedDynamodb()),
)
