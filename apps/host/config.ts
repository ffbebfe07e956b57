/** The agent's config file: read once, checked whole, so that a typing error is told at the start. */
import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import * as z from 'zod'
import { RuntimeKind } from '../../src/protocol/claim.ts'
import { tunnelPort } from '../../src/protocol/enrolment.ts'
import type { Heartbeat } from '../../src/protocol/heartbeat.ts'
import { limits } from '../../src/protocol/limits.ts'
import { NodeMode } from '../../src/protocol/node-conditions.ts'
import { issueLines, issueMessage } from './config-issues.ts'
import { parseConfigJson } from './config-json.ts'
import { OwnerSchedule, scheduleText } from './owner-schedule.ts'
import { errorCode, StatedError } from './stated-error.ts'

const configCharsMax = 256 * 1024

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(256)
const filePath = z.string().min(1).max(4096)

export const RuntimeConfig = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits, dashes'),
  /** Without `/v1`: the agent asks the runtime's own paths as well. */
  url: httpUrl,
  /** Detected when left out. */
  kind: RuntimeKind.optional(),
  /** The systemd unit that runs it; only where it is named may a job restart it. */
  service: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9@_.-]{0,119}\.service$/, 'must be a unit such as vllm.service')
    .optional(),
})
export type RuntimeConfig = z.infer<typeof RuntimeConfig>

const quickTunnelReason =
  'must not be a quick tunnel: its name changes with every start and it holds back event streams; use the route cloudflared_named'

const Route = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('direct'),
      url: httpUrl.refine((url) => !isQuickTunnel(url), quickTunnelReason),
      /** PEM; registers the certificate's public key, so that no other certificate is taken. */
      certificate_file: filePath.optional(),
      /** PEM; with it the agent serves TLS itself. */
      private_key_file: filePath.optional(),
    }),
    z.strictObject({
      kind: z.literal('cloudflared_named'),
      /** Looked for in PATH where left out. */
      program: filePath.optional(),
    }),
  ],
  { error: 'must be "direct" or "cloudflared_named"' },
)

type Route = z.infer<typeof Route>

export const AgentUpdate = z.enum(['auto', 'ask', 'off'])
export type AgentUpdate = z.infer<typeof AgentUpdate>

/** What the operator cannot loosen. */
export const OwnerLimits = z.strictObject({
  max_concurrency: z.int().min(1).max(4096),
  paid_enabled: z.boolean(),
  /** Always where left out. */
  schedule: OwnerSchedule.optional(),
  /** All GPUs together, as they report it. */
  max_power_w: z.int().min(1).max(100_000).optional(),
  pause_when_gpu_used: z.boolean().default(false),
  agent_update: AgentUpdate.default('auto'),
})
export type OwnerLimits = z.infer<typeof OwnerLimits>

export const HostConfig = z
  .strictObject({
    key_file: filePath,
    state_file: filePath,
    /** Port 0 takes any free port; the line printed when ready names it. */
    listen: z.strictObject({
      host: z.string().min(1).max(255),
      port: z.int().min(0).max(65_535),
    }),
    /** Not needed in mode local. */
    route: Route.optional(),
    mode: NodeMode,
    /** An EC2 instance: it enrols by the role that it was launched with and drains before EC2 takes it back. */
    machine: z.literal('ec2').optional(),
    owner_limits: OwnerLimits,
    runtimes: z
      .array(RuntimeConfig)
      .min(1)
      .max(limits.runtimesPerNode)
      .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, {
        message: 'must each have an id of their own',
      }),
    /** Mode local: the bearer token that requests must carry; made where there is none. */
    token_file: filePath.optional(),
    /** Replaces the address that the host was enrolled at. */
    ingest_url: httpUrl.optional(),
  })
  .refine(({ mode, route }) => mode === 'local' || route !== undefined, {
    path: ['route'],
    message: 'is missing: it is needed in every mode but local',
  })
  .refine(
    ({ route, listen }) => route?.kind !== 'cloudflared_named' || listen.port === tunnelPort,
    {
      path: ['listen', 'port'],
      message: `must be ${tunnelPort}, where every named tunnel ends`,
    },
  )
  .refine(
    ({ route }) =>
      route?.kind !== 'direct' || !route.private_key_file || route.certificate_file !== undefined,
    { path: ['route', 'private_key_file'], message: 'needs certificate_file beside it' },
  )
  .refine(({ mode, token_file }) => mode !== 'local' || token_file !== undefined, {
    path: ['token_file'],
    message: 'is missing: it is needed in mode local',
  })
export type HostConfig = z.infer<typeof HostConfig>

/** Throws a StatedError. File names in the result are absolute. */
export async function readConfig(path: string): Promise<HostConfig> {
  const text = await readText(path)
  const file = basename(path)
  if (text.length > configCharsMax) {
    throw new StatedError(`${file} is longer than ${configCharsMax} characters: is it a config?`)
  }
  const json = parseConfigJson(text)
  if (!json.ok) throw new StatedError(`${file}:${json.line}: ${json.message}.`)
  const parsed = HostConfig.safeParse(json.value, { error: issueMessage })
  if (!parsed.success) {
    const lines = issueLines(parsed.error, { schema: HostConfig, file, lineOf: json.lineOf })
    throw new StatedError(lines.join('\n'))
  }
  return withAbsoluteFiles(parsed.data, dirname(path))
}

export const reportedLimits = (limits: OwnerLimits): Heartbeat['owner_limits'] => ({
  max_concurrency: limits.max_concurrency,
  paid_enabled: limits.paid_enabled,
  schedule: limits.schedule === undefined ? null : scheduleText(limits.schedule),
  max_power_w: limits.max_power_w ?? null,
})

function withAbsoluteFiles(config: HostConfig, folder: string): HostConfig {
  const { route, token_file } = config
  const absolute = (file: string) => resolve(folder, file)
  return {
    ...config,
    key_file: absolute(config.key_file),
    state_file: absolute(config.state_file),
    ...(token_file === undefined ? {} : { token_file: absolute(token_file) }),
    ...(route === undefined ? {} : { route: routeWithFiles(route, absolute) }),
  }
}

function routeWithFiles(route: Route, absolute: (file: string) => string): Route {
  if (route.kind === 'cloudflared_named') {
    // A bare name is looked for in PATH.
    const isPath = route.program !== undefined && /[\\/]/.test(route.program)
    return isPath ? { ...route, program: absolute(route.program ?? '') } : route
  }
  const { certificate_file, private_key_file, ...address } = route
  return {
    ...address,
    ...(certificate_file === undefined ? {} : { certificate_file: absolute(certificate_file) }),
    ...(private_key_file === undefined ? {} : { private_key_file: absolute(private_key_file) }),
  }
}

function isQuickTunnel(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname : ''
  return /(^|\.)trycloudflare\.com$/.test(host)
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new StatedError(
      errorCode(error) === 'ENOENT'
        ? `There is no config file at ${path}: name an existing one with --config.`
        : `The config file ${path} cannot be read (${errorCode(error)}): check its permissions.`,
    )
  }
}
