/** Everything that the gateway's routes need, as plain functions and values. */

import type { PoolStore } from '../fleet/ports.ts'
import type { SurfaceDeps } from '../http/surface.ts'
import type { ClaimStore } from '../ledger/ports.ts'
import type { RequestMarkStore } from '../ledger/request-marks.ts'
import type { FirstIdAt, StartTimer } from '../protocol/clock.ts'
import type { PublishedKeys } from '../protocol/published-keys.ts'
import type { ReceiptStore } from '../receipts/ports.ts'
import type { AdmitDeps } from './admit.ts'
import type { BillingDeps } from './billing.ts'
import type { CompleteDeps } from './complete.ts'
import type { CountDeps } from './count-request.ts'
import type { ReadShard } from './read-shard.ts'

export type GatewayDeps = CompleteDeps &
  SurfaceDeps &
  AdmitDeps &
  BillingDeps &
  CountDeps & {
    readonly receipts: Pick<
      ReceiptStore,
      'findByHash' | 'readReceipt' | 'listReceipts' | 'listSince'
    >
    readonly claims: ClaimStore
    readonly requestMarks: RequestMarkStore
    readonly firstIdAt: FirstIdAt
    readonly startTimer: StartTimer
    /** Keys the hashes of idempotency keys and of the bodies sent with them. */
    readonly claimSecret: Buffer
    /** One shard of a model's pool, a few seconds old at most. */
    readonly shards: ReadShard
    readonly publicCatalogue: Pick<PoolStore, 'readPublicCatalogue'>['readPublicCatalogue']
    readonly publishedKeys: PublishedKeys
    /** The OpenAPI document of this surface, as JSON. */
    readonly readOpenApi: () => Promise<string>
  }
