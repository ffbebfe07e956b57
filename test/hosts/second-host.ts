/** Another host beside the demo one: the real agent with its own key, owner and runtime. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { freePortRow, type LocalStack } from '../support/local-stack.ts'

const agentFile = new URL('../../apps/host/main.ts', import.meta.url).pathname
const Anything = z.unknown()

export type SecondHost = {
  readonly nodeId: string
  readonly folder: string
  readonly stop: () => Promise<void>
}

/** Enrolled and approved, in front of `runtimeUrl`. */
export async function startSecondHost(
  stack: LocalStack,
  { name, runtimeUrl }: { readonly name: string; readonly runtimeUrl: string },
): Promise<SecondHost> {
  const folder = join(stack.dataDir, name)
  await mkdir(folder, { recursive: true })
  await writeConfig(stack, folder, runtimeUrl)
  const Code = z.object({ code: z.string() })
  const draft = { owner_id: `owner-of-${name}` }
  const { code } = await stack.admin.send('POST', '/admin/join-codes', draft, Code)
  await agent(folder, ['enroll', '--code', code, '--ingest', stack.ready.ingestUrl]).ended
  const nodeId = await nodeOf(stack, draft.owner_id)
  await stack.admin.send('POST', `/admin/nodes/${nodeId}/approve`, {}, Anything)
  const running = agent(folder, ['run'])
  return { nodeId, folder, stop: running.stop }
}

/** The same key in another folder, as whoever stole it would run it. */
export async function startClone(
  stack: LocalStack,
  original: string,
  { name, runtimeUrl }: { readonly name: string; readonly runtimeUrl: string },
): Promise<{ readonly stop: () => Promise<void> }> {
  const folder = join(stack.dataDir, name)
  await mkdir(folder, { recursive: true })
  for (const file of ['node.key', 'state.json']) await cp(join(original, file), join(folder, file))
  await writeConfig(stack, folder, runtimeUrl)
  return { stop: agent(folder, ['run']).stop }
}

async function writeConfig(stack: LocalStack, folder: string, runtimeUrl: string): Promise<void> {
  const port = await freePortRow(1)
  const config = {
    key_file: 'node.key',
    state_file: 'state.json',
    listen: { host: '127.0.0.1', port },
    route: { kind: 'direct', url: `http://127.0.0.1:${port}` },
    mode: 'network',
    owner_limits: { max_concurrency: 4, paid_enabled: true },
    runtimes: [{ id: 'runtime', url: runtimeUrl }],
    ingest_url: stack.ready.ingestUrl,
  }
  await writeFile(join(folder, 'config.json'), JSON.stringify(config))
}

function agent(folder: string, [command = '', ...flags]: readonly string[]) {
  const args = [agentFile, command, '--config', join(folder, 'config.json'), ...flags]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (text: Buffer) => {
    errors = `${errors}${text}`.slice(-4_000)
  })
  const ended = exitOf(child).then((code) => {
    if (code !== 0) throw new Error(`b3iq-host ${command} ended with ${code}: ${errors}`)
  })
  // Who stops an agent does not ask how it ended.
  ended.catch(() => undefined)
  const stop = async () => {
    child.kill('SIGKILL')
    await ended.catch(() => undefined)
  }
  return { ended, stop }
}

const exitOf = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))

async function nodeOf(stack: LocalStack, ownerId: string): Promise<string> {
  const Nodes = z.object({ data: z.array(z.object({ id: z.string(), owner_id: z.string() })) })
  const { data } = await stack.admin.send('GET', '/admin/nodes', undefined, Nodes)
  const found = data.find((node) => node.owner_id === ownerId)
  if (!found) throw new Error(`${ownerId} has no node`)
  return found.id
}
