/**
 * Names that infrastructure and running code must spell alike: environment keys, metric names and
 * the schedules. Imported by both sides; imports nothing.
 */

/** Environment variables of every deployed function and of every local process. */
export const envKey = {
  stage: 'B3IQ_STAGE',
  balancesTable: 'B3IQ_BALANCES_TABLE',
  keysTable: 'B3IQ_KEYS_TABLE',
  profilesTable: 'B3IQ_PROFILES_TABLE',
  receiptsTable: 'B3IQ_RECEIPTS_TABLE',
  spendTable: 'B3IQ_SPEND_TABLE',
  /** `ssm:<parameter name>` on AWS, `file:<path>` on a laptop. Never the secret itself. */
  secretsSource: 'B3IQ_SECRETS_SOURCE',
  /** Longest life of one request in milliseconds; the lease of its hold follows from it. */
  deadlineMs: 'B3IQ_DEADLINE_MS',
  /** What a hold outlives its request's deadline by, in milliseconds. */
  leaseMarginMs: 'B3IQ_LEASE_MARGIN_MS',
  /** JSON `{accountId, zoneId, zoneName}`; absent where the stage opens no tunnels. */
  tunnels: 'B3IQ_TUNNELS',
  /** Where tokenizers lie, each in a file named by its digest; absent where bytes alone are counted. */
  artifactsFolder: 'B3IQ_ARTIFACTS_FOLDER',
  /** Only on a laptop: a shorter wait between beats, in milliseconds. */
  beatIntervalMs: 'B3IQ_BEAT_INTERVAL_MS',
  /** Only on a laptop: where the embedded DynamoDB listens. */
  dynamodbEndpoint: 'DYNAMODB_ENDPOINT',
} as const

/** One entry per EventBridge schedule: its handler's file name and how often it is started. */
export const schedules = {
  'expire-heartbeats': { everyMinutes: 1 },
  'advance-jobs': { everyMinutes: 1 },
  'recompute-eligibility': { everyMinutes: 1 },
  'probe-routes': { everyMinutes: 1 },
  'run-benchmarks': { everyMinutes: 5 },
  'run-spot-checks': { everyMinutes: 5 },
  'expire-holds': { everyMinutes: 1 },
  'accrue-earnings': { everyMinutes: 5 },
  'reconcile-ledger': { everyMinutes: 60 },
  'close-payouts': { everyMinutes: 24 * 60 },
} as const

export type ScheduleName = keyof typeof schedules

/** What alarms watch. Stages may share an AWS account, so every metric has its stage as dimension. */
export const metrics = {
  namespace: 'B3IQ',
  stageDimension: 'stage',
  /** What the ledger's audit found wrong; published by every run, also when it is 0. */
  ledgerDiscrepancies: 'LedgerDiscrepancies',
  /** Accounts whose books a run has proven to their end. */
  accountsReconciled: 'AccountsReconciled',
  /** Since the facts of the pools were read; published by a schedule that does not build them. */
  poolAgeSeconds: 'PoolAgeSeconds',
} as const
