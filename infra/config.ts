/**
 * What differs between deployed stages: one JSON file each under `stages/`, read and checked here
 * before anything is synthesized. Below this file nothing reads the environment.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { limits } from '../src/protocol/limits.ts'
import { DomainName, HostsConfig } from './hosts/hosts-config.ts'

/** From a request's deadline to the end of its invocation: settling, cold start, clock error. */
const timeoutMarginSec = 60

const MemoryMb = z.int().min(128).max(10_240)

// Zero would switch the function off, which is a decision for the console and not for a file.
const ReservedConcurrency = z.int().min(1).optional()

const Sizing = z.strictObject({ memoryMb: MemoryMb, reservedConcurrency: ReservedConcurrency })

/** How the gateway runs. Each has an address of its own: who switches tells the customers. */
const Compute = z.enum(['function', 'web'])

// An environment of a Web Function has 2 vCPU and 2 GB, whatever is asked for. An open stream takes less
// than 100 KB, so all that Lambda admits fit; it sends fewer where an environment is busy.
const WebScaling = z.strictObject({
  streamsPerEnvironment: z.int().min(1).max(128).default(128),
  /** @default - as many as the account's quota of vCPUs allows */
  maxEnvironments: z.int().min(2).optional(),
})

/** A name of the operator's own for the console. CloudFront takes certificates from us-east-1 alone. */
const ConsoleAddress = z.strictObject({
  domainName: DomainName,
  certificateArn: z
    .string()
    .regex(
      /^arn:[\w-]+:acm:us-east-1:\d{12}:certificate\/[\w-]+$/,
      'must be the ARN of a certificate in us-east-1',
    ),
})

const CloudflareId = z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits')

/** Where hosts without an address of their own get one. The API token is in the stage's secrets. */
const Tunnels = z.strictObject({
  accountId: CloudflareId,
  zoneId: CloudflareId,
  /** Tunnels are named one level below, such as `n-….hosts.example.net`. */
  zoneName: DomainName,
})

// Objects are strict and the stage `local` is refused: the switches that let a laptop call hosts on
// loopback addresses exist there only, and no file here can name one.
export const StageConfig = z.strictObject({
  stage: z
    .string()
    .regex(/^[a-z][a-z0-9]{1,11}$/, 'must be 2 to 12 lowercase letters and digits')
    .refine((name) => name !== 'local', '"local" is the laptop and cannot be deployed'),
  /** Deletion protection, termination protection and RETAIN: on wherever the data matters. */
  protectData: z.boolean(),
  logRetentionDays: z.literal([1, 3, 5, 7, 14, 30, 60, 90, 180, 365]).default(30),
  /** X-Ray: a price per request, and a right on every resource, so nobody gets it without asking. */
  tracing: z.boolean().default(false),
  /** CloudWatch gives an account three dashboards; four cost up to $12 a month per stage beyond that. */
  dashboards: z.boolean().default(true),
  /** @default - the console is at an address under cloudfront.net */
  console: ConsoleAddress.optional(),
  /**
   * Version of the stage's secrets that every function reads. A rotation is a deployment that raises it,
   * so that it takes hold everywhere at once and is rolled back like code.
   */
  secretsVersion: z.int().min(1).default(1),
  gateway: z.strictObject({
    ...Sizing.shape,
    /** `function`: one stream per environment, behind the Lambda Web Adapter. `web`: many, as a Lambda Web Function. */
    compute: Compute.default('function'),
    web: WebScaling.prefault({}),
    deadlineMs: z.int().min(30_000).max(limits.deadlineMs).default(300_000),
    // A hold that ended while its invocation may still run could be swept under a live request.
    leaseMarginMs: z
      .int()
      .min((timeoutMarginSec + 30) * 1000)
      .max(limits.leaseMarginMs)
      .default(120_000),
    /** Layer version ARN per region. When present, only these regions can be deployed to. */
    webAdapterLayers: z
      .record(
        z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/),
        z.string().regex(/^arn:[\w-]+:lambda:[\w-]+:\d{12}:layer:[\w-]+:\d+$/),
      )
      .refine((layers) => Object.keys(layers).length > 0, 'must name at least one region')
      .optional(),
  }),
  /** @default - hosts enrol with a `direct` route only */
  tunnels: Tunnels.optional(),
  /** @default - the stage launches no hosts; they are other people's */
  hosts: HostsConfig.optional(),
  ingest: Sizing,
  admin: Sizing,
  schedules: Sizing,
})
export type StageConfig = z.infer<typeof StageConfig>

/** After which Lambda ends a request of the gateway, and without a word: never before the gateway would. */
export const gatewayTimeoutSec = ({ deadlineMs }: StageConfig['gateway']): number =>
  Math.ceil(deadlineMs / 1000) + timeoutMarginSec

export type StageConfigResult =
  | { readonly ok: true; readonly config: StageConfig }
  | { readonly ok: false; readonly message: string }

/** What `-c compute=` was given wins over the file, so that both can be compared. */
export function withCompute(read: StageConfigResult, compute: unknown): StageConfigResult {
  if (!read.ok || compute === undefined) return read
  const parsed = Compute.safeParse(compute)
  if (!parsed.success) {
    const choices = Compute.options.map((name) => `-c compute=${name}`).join(' or ')
    return refuse(`There is no compute "${compute}": use ${choices}.`)
  }
  const { gateway, ...config } = read.config
  return bounded({ ...config, gateway: { ...gateway, compute: parsed.data } })
}

/** Reads `<stagesDir>/<stage>.json`. `stage` is whatever `-c stage=` was given. */
export function readStageConfig(
  stage: unknown,
  stagesDir: string = join(import.meta.dirname, 'stages'),
): StageConfigResult {
  const known = readdirSync(stagesDir)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
  if (typeof stage !== 'string' || !known.includes(stage)) {
    const choices = known.map((name) => `-c stage=${name}`).join(' or ')
    return refuse(`There is no stage "${stage}": use ${choices}, or add infra/stages/<stage>.json.`)
  }
  const text = readFileSync(join(stagesDir, `${stage}.json`), 'utf8')
  try {
    return parseStageConfig(stage, JSON.parse(text))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return refuse(`infra/stages/${stage}.json is not JSON: ${error.message}.`)
  }
}

/** The file must name the stage it is called after, or a copied file would deploy over another. */
export function parseStageConfig(stage: string, value: unknown): StageConfigResult {
  const parsed = StageConfig.safeParse(value)
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) =>
      path.length === 0 ? message : `${path.join('.')}: ${message}`,
    )
    return refuse(`infra/stages/${stage}.json needs fixing: ${faults.join('; ')}.`)
  }
  if (parsed.data.hosts?.reach.kind === 'tunnel' && parsed.data.tunnels === undefined) {
    return refuse(
      `infra/stages/${stage}.json needs fixing: hosts.reach is "tunnel", so give the stage its tunnels, or hosts a load balancer.`,
    )
  }
  if (parsed.data.stage !== stage) {
    return refuse(
      `infra/stages/${stage}.json says stage "${parsed.data.stage}": write "${stage}" there.`,
    )
  }
  return bounded(parsed.data)
}

/** Who bounded the spending of one way to run the gateway must not lose the bound with the other. */
function bounded(config: StageConfig): StageConfigResult {
  const { compute, reservedConcurrency, web } = config.gateway
  return compute === 'web' && reservedConcurrency !== undefined && web.maxEnvironments === undefined
    ? refuse(
        `infra/stages/${config.stage}.json needs fixing: gateway.reservedConcurrency does not bound a Web Function, so say gateway.web.maxEnvironments.`,
      )
    : { ok: true, config }
}

function refuse(message: string): StageConfigResult {
  return { ok: false, message }
}
