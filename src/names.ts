/**
 * Names that infrastructure and running code must spell alike: environment keys, metric names and
 * the schedules. Imported by both sides; imports nothing.
 */

/** Environment variables of every deployed function and of every local process. */
export const envKey = {
  stage: 'B3IQ_STAGE',
  /** The principal as which it runs: the log tells it. */
  service: 'B3IQ_SERVICE',
  balancesTable: 'B3IQ_BALANCES_TABLE',
  keysTable: 'B3IQ_KEYS_TABLE',
  profilesTable: 'B3IQ_PROFILES_TABLE',
  receiptsTable: 'B3IQ_RECEIPTS_TABLE',
  spendTable: 'B3IQ_SPEND_TABLE',
  /** `ssm:<parameter name>:<version>` on AWS, `file:<path>` on a laptop. Never the secret itself. */
  secretsSource: 'B3IQ_SECRETS_SOURCE',
  /** Longest life of one request in milliseconds; the lease of its hold follows from it. */
  deadlineMs: 'B3IQ_DEADLINE_MS',
  /** What a hold outlives its request's deadline by, in milliseconds. */
  leaseMarginMs: 'B3IQ_LEASE_MARGIN_MS',
  /** JSON `{accountId, zoneId, zoneName}`; absent where the stage opens no tunnels. */
  tunnels: 'B3IQ_TUNNELS',
  /** JSON `{region, roleId, ownerId, trustTier}`; absent where the stage launches no hosts. */
  launchRole: 'B3IQ_LAUNCH_ROLE',
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

const isScheduleName = (name: string): name is ScheduleName => Object.hasOwn(schedules, name)
export const scheduleNames: readonly ScheduleName[] = Object.keys(schedules).filter(isScheduleName)

/**
 * Every metric, by its one name: code publishes them, alarms and dashboards read them. Stages may share an
 * AWS account, so every metric has its stage as its only dimension. Units are CloudWatch's, and last in the name
 * where it is not a plain count.
 */
export const metrics = {
  namespace: 'B3IQ',
  stageDimension: 'stage',

  // What customers experience: one number each per paid request that named a valid key.
  /** Answered whole, or cut off where the customer said, and billed. */
  requestsAnswered: 'RequestsAnswered',
  /** Ended by us or by hosts: a 5xx, a stream that broke off or that our deadline cut. What objectives count. */
  requestsFailed: 'RequestsFailed',
  /** Ended by what the customer asked, has or did: 4xx, an empty balance, a client that went away. */
  requestsRefused: 'RequestsRefused',
  /** Of those answered, the ones whose first content came later than the objective allows. */
  requestsSlow: 'RequestsSlow',
  /** From the whole request to its first content. */
  firstContentMs: 'FirstContentMilliseconds',
  /** Attempts that failed before a request was answered or given up; who was full or refused is none. */
  attemptsFailed: 'AttemptsFailed',

  // Money.
  /** What settled requests were charged; for eyes alone, the ledger counts in nano-dollars. */
  chargedMicroUsd: 'ChargedMicroUsd',
  /** Settlements whose outcome stayed unknown until the request had to end. */
  decisionsUnknown: 'DecisionsUnknown',
  /** Holds that no request ended; the sweep did. */
  holdsExpired: 'HoldsExpired',
  /** Between what the sweep should have looked at and what it has: `behindMs` of its report, by every run. */
  sweepBehindSeconds: 'SweepBehindSeconds',
  /** What the ledger's audit found wrong; published by every run, also when it is 0. */
  ledgerDiscrepancies: 'LedgerDiscrepancies',
  /** Accounts whose books a run has proven to their end. */
  accountsReconciled: 'AccountsReconciled',

  // The fleet.
  /** Since the facts of the pools were read; published by a schedule that does not build them. */
  poolAgeSeconds: 'PoolAgeSeconds',
  /** Nodes that were approved, beat, and are paused by nobody: they should serve. Published with the pools. */
  nodesFresh: 'NodesFresh',
  /** Profiles with every gate open; published with the pools. */
  profilesEligible: 'ProfilesEligible',

  // Ourselves.
  /** Steps of scheduled work that threw; the rest of their run went on. */
  scheduleStepsFailed: 'ScheduleStepsFailed',
} as const

const { namespace: _, stageDimension: __, ...published } = metrics
export type MetricName = (typeof published)[keyof typeof published]
export const metricNames: readonly MetricName[] = Object.values(published)

/**
 * What customers are promised, over any 28 days: code counts by these bounds, alarms measure what is
 * left of them. docs/observability.md says what counts.
 */
export const objectives = {
  windowDays: 28,
  /** Part of the paid requests, other than refused ones, that are answered whole. */
  availability: 0.995,
  /** First content within `withinMs` of the whole request, for this part of those answered. */
  firstContent: { withinMs: 5_000, part: 0.99 },
  /** From then on somebody is woken: this long past its lease an expired hold still waits. */
  sweepBehindSeconds: 600,
  /** From then on somebody is woken: this long ago the facts of the pools were read. */
  poolAgeSeconds: 120,
} as const
