/**
 * Reads a trusted runner and hands the reference to the admin API, for spot checks to compare hosts with:
 * `node scripts/spot-check-reference.ts --profile maker/model@q8 --endpoint http://127.0.0.1:8080
 * --runtime-kind llamacpp --runtime-version b6600 --admin https://… --operator-key-file operator.key`.
 * Run it again when hosts have been asked every prompt: each reference has new ones.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { random } from '../src/adapters/system.ts'
import { RuntimeKind } from '../src/protocol/claim.ts'
import { ProfileId } from '../src/protocol/ids.ts'
import { firstTokenOf, topTokens } from '../src/spot-checks/compare.ts'
import { type AskTrusted, makeReference } from '../src/spot-checks/make-reference.ts'
import { type Reference, readingsMax } from '../src/spot-checks/reference.ts'
import { freshPrompt } from '../src/spot-checks/wording.ts'

const requestTimeoutMs = 60_000

const Options = z.object({
  profile: ProfileId,
  endpoint: z.url('--endpoint must be the address of the trusted runner'),
  'endpoint-key-file': z.string().optional(),
  /** The model's name at the endpoint; by default the catalogue's. */
  model: z.string().min(1).optional(),
  'runtime-kind': RuntimeKind,
  'runtime-version': z.string().min(1).max(64),
  admin: z.url('--admin must be the address of the admin API'),
  'operator-key-file': z.string().min(1),
  prompts: z.coerce.number().int().min(1).max(readingsMax),
})
type Options = z.infer<typeof Options>

function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      profile: text,
      endpoint: text,
      'endpoint-key-file': text,
      model: text,
      'runtime-kind': text,
      'runtime-version': text,
      admin: text,
      'operator-key-file': text,
      prompts: { type: 'string', default: String(readingsMax) },
    },
  })
  const parsed = Options.safeParse(values)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Error(`--${issue?.path.join('.')} is missing or wrong: ${issue?.message}.`)
}

const bearerOf = async (file: string | undefined): Promise<Record<string, string>> =>
  file === undefined ? {} : { authorization: `Bearer ${(await readFile(file, 'utf8')).trim()}` }

async function send<T>(
  to: { readonly method: 'GET' | 'POST' | 'PUT'; readonly url: URL; readonly body?: object },
  headers: Readonly<Record<string, string>>,
  schema: z.ZodType<T>,
): Promise<T> {
  const response = await fetch(to.url, {
    method: to.method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(to.body === undefined ? {} : { body: JSON.stringify(to.body) }),
    signal: AbortSignal.timeout(requestTimeoutMs),
  })
  const text = await response.text()
  if (!response.ok) {
    throw new Error(
      `${to.method} ${to.url.href} answered ${response.status}: ${text.slice(0, 300)}`,
    )
  }
  return schema.parse(JSON.parse(text))
}

const Completion = z.object({ choices: z.array(z.object({ logprobs: z.unknown() })).min(1) })

function trustedAt(endpoint: URL, model: string, headers: Record<string, string>): AskTrusted {
  return async (messages) => {
    const body = {
      model,
      messages,
      // The model's own distribution, also on runtimes that scale what they show.
      temperature: 1,
      max_tokens: 1,
      logprobs: true,
      top_logprobs: topTokens,
    }
    const url = new URL('/v1/chat/completions', endpoint)
    const { choices } = await send({ method: 'POST', url, body }, headers, Completion)
    return firstTokenOf(choices[0]?.logprobs)
  }
}

const Catalogue = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      profiles: z.array(
        z.object({ profile_id: z.string(), artifact: z.object({ digest: z.string() }) }),
      ),
    }),
  ),
})

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args)
  const operator = await bearerOf(options['operator-key-file'])
  const models = new URL('/admin/models', options.admin)
  const { data } = await send({ method: 'GET', url: models }, operator, Catalogue)
  const sold = data.flatMap(({ id, profiles }) =>
    profiles.filter((one) => one.profile_id === options.profile).map((one) => ({ id, ...one })),
  )[0]
  if (!sold)
    throw new Error(`The catalogue has no profile ${options.profile}; put its model first.`)
  const endpointKey = await bearerOf(options['endpoint-key-file'])
  const ask = trustedAt(new URL(options.endpoint), options.model ?? sold.id, endpointKey)
  const prompts = Array.from({ length: options.prompts }, () => freshPrompt(random))
  const made = await makeReference(ask, prompts)
  if (!made.ok) throw new Error(made.message)
  const { tau, noise } = made
  const reference: Reference = {
    profile_id: options.profile,
    artifact_digest: sold.artifact.digest,
    runtime_kind: options['runtime-kind'],
    runtime_version: options['runtime-version'],
    tau,
    readings: [...made.readings],
  }
  const url = new URL('/admin/references', options.admin)
  await send({ method: 'PUT', url, body: reference }, operator, z.looseObject({}))
  console.log(JSON.stringify({ profile: options.profile, prompts: prompts.length, noise, tau }))
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
