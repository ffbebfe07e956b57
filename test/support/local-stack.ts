/** The whole product as a user starts it, in a folder and on ports of its own. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import * as z from 'zod'
import { makeAdminClient } from '../../apps/local/admin-client.ts'

const Ready = z.object({
  gatewayUrl: z.url(),
  ingestUrl: z.url(),
  adminUrl: z.url(),
  consoleUrl: z.null(),
  keyFile: z.string(),
  adminKeyFile: z.string(),
  model: z.string(),
  embeddingModel: z.string().nullable(),
  pid: z.int(),
  gatewayPid: z.int(),
  hostPid: z.int(),
})
export type Ready = z.infer<typeof Ready>

const readyWithinMs = 110_000
const stopWithinMs = 20_000
const mainFile = new URL('../../apps/local/main.ts', import.meta.url).pathname

export type LocalStack = Awaited<ReturnType<typeof startLocalStack>>

/** `keepIn` names a folder that outlives the stack, for tests of a second start. */
export async function startLocalStack(flags: readonly string[] = [], keepIn?: string) {
  const dataDir = keepIn ?? (await mkdtemp(join(tmpdir(), 'b3iq-e2e-')))
  const port = await freePortRow(6)
  const args = [mainFile, '--data', dataDir, '--port', String(port), ...flags]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const collect = (text: Buffer) => {
    output = `${output}${text}`.slice(-100_000)
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))

  const readReady = async (): Promise<Ready> =>
    Ready.parse(JSON.parse(await readFile(join(dataDir, 'ready.json'), 'utf8')))
  const untilMs = Date.now() + readyWithinMs
  let ready: Ready | undefined
  while (!ready) {
    if (child.exitCode !== null || Date.now() > untilMs) {
      child.kill('SIGTERM')
      await Promise.race([exited, delay(stopWithinMs)])
      await rm(dataDir, { recursive: true, force: true })
      throw new Error(`The stack did not become ready:\n${output}`)
    }
    await delay(200)
    ready = await readReady().catch(() => undefined)
  }
  const operatorKey = (await readFile(ready.adminKeyFile, 'utf8')).trim()
  return {
    dataDir,
    ready,
    readReady,
    output: () => output,
    customerKey: (await readFile(ready.keyFile, 'utf8')).trim(),
    admin: makeAdminClient(ready.adminUrl, { authorization: `Bearer ${operatorKey}` }),
    stop: async () => {
      child.kill('SIGTERM')
      await Promise.race([exited, delay(stopWithinMs).then(() => child.kill('SIGKILL'))])
      if (!keepIn) await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/**
 * The first of `count` free ports in a row, from a random place so that parallel files differ; below 32,768, from where
 * the system takes ports for connections that go out.
 */
export async function freePortRow(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const first = 12_000 + Math.floor(Math.random() * 20_000)
    const ports = Array.from({ length: count }, (_, index) => first + index)
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first
  }
  throw new Error('No row of free ports was found.')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

const Account = z.object({
  available_usd: z.string(),
  held_usd: z.string(),
  spent_usd: z.string(),
  funded_usd: z.string(),
  open_holds: z.array(z.object({ request_id: z.string() })),
})

export async function readAccount({ ready }: Pick<LocalStack, 'ready'>, key: string) {
  const response = await fetch(`${ready.gatewayUrl}/v1/billing/account`, {
    headers: { authorization: `Bearer ${key}` },
  })
  return Account.parse(await response.json())
}

/** A customer of its own with `amountUsd` and one key. */
export async function newCustomer({ admin }: Pick<LocalStack, 'admin'>, amountUsd: string) {
  const Id = z.object({ id: z.string() })
  const Key = z.object({ id: z.string(), key: z.string() })
  const { id } = await admin.send('POST', '/admin/accounts', { name: 'A test customer' }, Id)
  const credit = { amount_usd: amountUsd, kind: 'top_up', reference: `pay_${id}` }
  await admin.send('POST', `/admin/accounts/${id}/credits`, credit, z.unknown())
  const newKey = () => {
    const draft = { account_id: id, name: 'test', scopes: ['inference', 'billing:read'] }
    return admin.send('POST', '/admin/keys', draft, Key)
  }
  return { accountId: id, newKey }
}
