import { describeLedgerContract } from './ledger-contract.ts'
import { openMemoryLedger } from './memory-under-test.ts'

describeLedgerContract('in memory', async () => openMemoryLedger())
