/** The environment of every function and local process, parsed once; nothing else reads it. */
import * as z from 'zod'
import { envKey } from '../src/names.ts'
import { AwsRegion } from '../src/protocol/caller-identity.ts'
import { TrustTier } from '../src/protocol/catalogue.ts'
import { OwnerId } from '../src/protocol/ids.ts'
import { parseJson } from '../src/protocol/json-text.ts'
import { limits } from '../src/protocol/limits.ts'
import type { TableNames } from '../src/tables.ts'

const tableName = z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/)
const durationMs = z.coerce.number().int()

const Tunnels = z.strictObject({
  accountId: z.string().min(1),
  zoneId: z.string().min(1),
  zoneName: z.string().min(1),
})

const LaunchRole = z.strictObject({
  region: AwsRegion,
  roleId: z.string().regex(/^AROA[A-Z0-9]{12,124}$/),
  ownerId: OwnerId,
  trustTier: TrustTier,
})

const Environment = z.object({
  [envKey.stage]: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  [envKey.balancesTable]: tableName,
  [envKey.keysTable]: tableName,
  [envKey.profilesTable]: tableName,
  [envKey.receiptsTable]: tableName,
  [envKey.spendTable]: tableName,
  [envKey.secretsSource]: z.string().min(5),
  [envKey.deadlineMs]: durationMs.min(1_000).max(limits.deadlineMs).default(300_000),
  [envKey.leaseMarginMs]: durationMs.min(500).max(limits.leaseMarginMs).default(120_000),
  [envKey.beatIntervalMs]: durationMs.min(250).max(60_000).default(15_000),
  [envKey.artifactsFolder]: z.string().min(1).optional(),
  [envKey.dynamodbEndpoint]: z.url().optional(),
  [envKey.launchRole]: z.string().transform(parseJson).pipe(LaunchRole).optional(),
  [envKey.tunnels]: z.string().transform(parseJson).pipe(Tunnels).optional(),
})

export type Config = {
  readonly stage: string
  readonly tables: TableNames
  readonly secretsSource: string
  readonly deadlineMs: number
  readonly leaseMarginMs: number
  readonly beatIntervalMs: number
  /** Undefined where no artifacts are kept. */
  readonly artifactsFolder: string | undefined
  readonly dynamodbEndpoint: string | undefined
  /** Undefined where the stage opens no tunnels. */
  readonly tunnels: z.infer<typeof Tunnels> | undefined
  /** Undefined where the stage launches no hosts. */
  readonly launchRole: z.infer<typeof LaunchRole> | undefined
  /** Loopback routes, plain http: on a laptop alone. */
  readonly isLocal: boolean
}

export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const parsed = Environment.safeParse(env)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new Error(
      `The environment variable ${issue?.path.join('.')} is not valid: ${issue?.message}.`,
    )
  }
  const { data } = parsed
  return {
    stage: data[envKey.stage],
    tables: {
      balances: data[envKey.balancesTable],
      keys: data[envKey.keysTable],
      profiles: data[envKey.profilesTable],
      receipts: data[envKey.receiptsTable],
      spend: data[envKey.spendTable],
    },
    secretsSource: data[envKey.secretsSource],
    deadlineMs: data[envKey.deadlineMs],
    leaseMarginMs: data[envKey.leaseMarginMs],
    beatIntervalMs: data[envKey.beatIntervalMs],
    artifactsFolder: data[envKey.artifactsFolder],
    dynamodbEndpoint: data[envKey.dynamodbEndpoint],
    tunnels: data[envKey.tunnels],
    launchRole: data[envKey.launchRole],
    isLocal: data[envKey.stage] === 'local',
  }
}
