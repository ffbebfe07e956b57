/** The agent's config file: read once, checked whole, so that a typing error is told at the start. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import * as z from 'zod'
import { RuntimeKind } from '../../src/protocol/claim.ts'
import { RouteOffer } from '../../src/protocol/enrolment.ts'
import { NodeMode } from '../../src/protocol/heartbeat.ts'
import { limits } from '../../src/protocol/limits.ts'
import { errorCode, messageOf, StatedError } from './stated-error.ts'

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(256)

export const RuntimeConfig = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits, dashes'),
  /** Without `/v1`: the agent asks the runtime's own paths as well. */
  url: httpUrl,
  /** Detected when left out. */
  kind: RuntimeKind.optional(),
})
export type RuntimeConfig = z.infer<typeof RuntimeConfig>

export const HostConfig = z.strictObject({
  key_file: z.string().min(1),
  state_file: z.string().min(1),
  /** Port 0 takes any free port; the line printed when ready names it. */
  listen: z.strictObject({
    host: z.string().min(1).max(255),
    port: z.int().min(0).max(65_535),
  }),
  route: RouteOffer,
  mode: NodeMode,
  owner_limits: z.strictObject({
    max_concurrency: z.int().min(1).max(4096),
    paid_enabled: z.boolean(),
  }),
  runtimes: z
    .array(RuntimeConfig)
    .min(1)
    .max(limits.runtimesPerNode)
    .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, {
      message: 'every runtime needs its own id',
    }),
  /** Replaces the address that the host was enrolled at. */
  ingest_url: httpUrl.optional(),
})
export type HostConfig = z.infer<typeof HostConfig>

/** Throws a StatedError. File names in the result are absolute. */
export async function readConfig(path: string): Promise<HostConfig> {
  const parsed = HostConfig.safeParse(parseJson(await readText(path), path))
  if (!parsed.success) throw new StatedError(`${path}: ${issueText(parsed.error)}.`)
  const absolute = (file: string) => resolve(dirname(path), file)
  return {
    ...parsed.data,
    key_file: absolute(parsed.data.key_file),
    state_file: absolute(parsed.data.state_file),
  }
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

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new StatedError(`${path} is not valid JSON: ${messageOf(error)}.`)
  }
}

function issueText({ issues }: z.ZodError): string {
  const [first] = issues
  if (first === undefined) return 'is not a host config'
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  const field = first.path.join('.')
  return `${field === '' ? '' : `${field}: `}${first.message}${more}`
}
