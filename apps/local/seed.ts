/**
 * What an operator does on the first day, once: the owner key, a demo customer with credits and a key, the
 * model with its price, a join code for the host and its approval. Each step is remembered before
 * the next, so that an interrupted first start goes on where it stopped.
 */
import { spawn } from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import { StageSecrets } from '../../src/keys/stage-secrets.ts'
import { CatalogueModel } from '../../src/protocol/catalogue.ts'
import { StatedError } from '../host/stated-error.ts'
import { type AdminClient, makeAdminClient } from './admin-client.ts'
import { type DataDir, readIfThere, writePrivate } from './data-dir.ts'

const creditUsd = '10.00'
const platformName = 'Platform'

const Demo = z.object({ accountId: z.string() })
const Keyed = z.object({ key: z.string() })
const Account = z.object({ id: z.string() })
const Anything = z.looseObject({})

/** The client with the operator key, which the first call makes. */
export async function operatorClient(adminUrl: string, paths: DataDir): Promise<AdminClient> {
  const known = await readIfThere(paths.operatorKey)
  if (known) return makeAdminClient(adminUrl, { authorization: `Bearer ${known.trim()}` })
  const secrets = StageSecrets.parse(JSON.parse((await readIfThere(paths.secrets)) ?? '{}'))
  const guest = makeAdminClient(adminUrl, { 'x-b3iq-bootstrap-token': secrets.bootstrap_token })
  const { key } = await guest.send('POST', '/admin/bootstrap', {}, Keyed)
  await writePrivate(paths.operatorKey, `${key}\n`)
  return makeAdminClient(adminUrl, { authorization: `Bearer ${key}` })
}

export async function seedCustomer(admin: AdminClient, paths: DataDir): Promise<void> {
  const known = await readIfThere(paths.demo)
  const { accountId } = known ? Demo.parse(JSON.parse(known)) : await newAccount(admin, paths)
  const reference = `demo-credit-${accountId}`
  const credit = { amount_usd: creditUsd, kind: 'grant', reference }
  await admin.send('POST', `/admin/accounts/${accountId}/credits`, credit, Anything)
  if (await readIfThere(paths.customerKey)) return
  const draft = {
    account_id: accountId,
    name: 'demo',
    scopes: ['inference', 'billing:read'],
    policy: { exposes_node_id: true },
  }
  const { key } = await admin.send('POST', '/admin/keys', draft, Keyed)
  await writePrivate(paths.customerKey, `${key}\n`)
}

async function newAccount(admin: AdminClient, paths: DataDir) {
  const { id } = await admin.send('POST', '/admin/accounts', { name: 'Demo customer' }, Account)
  await writePrivate(paths.demo, JSON.stringify({ accountId: id }))
  return { accountId: id }
}

/** Who pays for spot checks of the stack's own host, like any customer. */
export async function seedPlatform(admin: AdminClient): Promise<void> {
  const Listed = z.object({ data: z.array(Account.extend({ name: z.string() })) })
  const { data } = await admin.send('GET', '/admin/accounts', undefined, Listed)
  const known = data.find(({ name }) => name === platformName)
  const { id } =
    known ?? (await admin.send('POST', '/admin/accounts', { name: platformName }, Account))
  const credit = { amount_usd: creditUsd, kind: 'grant', reference: `platform-credit-${id}` }
  await admin.send('POST', `/admin/accounts/${id}/credits`, credit, Anything)
  const Keys = z.object({ data: z.array(z.unknown()) })
  const keys = await admin.send('GET', `/admin/keys?account_id=${id}`, undefined, Keys)
  if (keys.data.length === 0) {
    const draft = { account_id: id, name: 'platform', scopes: ['inference'] }
    await admin.send('POST', '/admin/keys', draft, Keyed)
  }
  await admin.send('PUT', '/admin/platform-account', { account_id: id }, Anything)
}

/** A new version is made only by a change: receipts name the version that they were priced by. */
export async function seedModel(admin: AdminClient, model: CatalogueModel): Promise<void> {
  const Listed = z.object({ data: z.array(z.looseObject({ id: z.string() })) })
  const { data } = await admin.send('GET', '/admin/models', undefined, Listed)
  const stored = data.find((one) => one.id === model.id)
  const entry = z.object(CatalogueModel.shape).safeParse(stored)
  if (entry.success && isDeepStrictEqual(entry.data, model)) return
  await admin.send('PUT', '/admin/models', model, Anything)
}

export type HostAddresses = {
  readonly ingestUrl: string
  readonly hostPort: number
  readonly runtimeUrl: string
}

/** Config for the agent, its enrolment and its approval. */
export async function seedHost(
  admin: AdminClient,
  paths: DataDir,
  { ingestUrl, hostPort, runtimeUrl }: HostAddresses,
): Promise<void> {
  const config = {
    key_file: 'node.key',
    state_file: 'state.json',
    listen: { host: '127.0.0.1', port: hostPort },
    route: { kind: 'direct', url: `http://127.0.0.1:${hostPort}` },
    mode: 'network',
    owner_limits: { max_concurrency: 4, paid_enabled: true },
    runtimes: [{ id: 'runtime', url: runtimeUrl }],
    ingest_url: ingestUrl,
  }
  await writePrivate(paths.hostConfig, JSON.stringify(config, null, 2))
  // Enrolling again is idempotent, and tells the control plane of a route that moved with --port.
  const Code = z.object({ code: z.string() })
  const owner = { owner_id: 'demo-owner' }
  const { code } = await admin.send('POST', '/admin/join-codes', owner, Code)
  await runAgent(['enroll', '--config', paths.hostConfig, '--code', code, '--ingest', ingestUrl])
  const Nodes = z.object({ data: z.array(z.object({ id: z.string(), status: z.string() })) })
  const { data } = await admin.send('GET', '/admin/nodes', undefined, Nodes)
  for (const node of data.filter(({ status }) => status === 'pending')) {
    await admin.send('POST', `/admin/nodes/${node.id}/approve`, {}, Anything)
  }
}

function runAgent(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [agentFile, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 30_000,
    })
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = `${errors}${text}`.slice(-2_000)
    })
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new StatedError(`The host did not enrol: ${errors.trim()}`)),
    )
  })
}

export const agentFile = new URL('../host/main.ts', import.meta.url).pathname
