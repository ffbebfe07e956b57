/** A real DynamoDB engine for tests: the embedded one, in memory, on a free port, one per file. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, makeDatabase } from '../../src/adapters/dynamodb/client.ts'
import { createTables, localTableNames } from '../../src/adapters/dynamodb/create-tables.ts'

export type EmbeddedDynamodb = Database & {
  readonly endpoint: string
  readonly stop: () => Promise<void>
}

const readyWithinMs = 10_000
const startsMax = 5

/** `DYNAMODB_ENDPOINT` names another engine where the embedded one has no binary. */
export async function startEmbeddedDynamodb(): Promise<EmbeddedDynamodb> {
  const given = process.env.DYNAMODB_ENDPOINT
  const started = given ? { endpoint: given, stop: async () => undefined } : await startEngine()
  const names = localTableNames(`test-${crypto.randomUUID().slice(0, 8)}`)
  await createTables(started.endpoint, names)
  return { ...makeDatabase({ tables: names, endpoint: started.endpoint }), ...started }
}

/** A port that was free a moment ago may be another test's by now: then the next one is tried. */
async function startEngine() {
  for (let attempt = 0; attempt < startsMax; attempt += 1) {
    const engine = await startEngineOn(await freePort())
    if (engine) return engine
  }
  throw new Error(`The embedded DynamoDB did not start on any of ${startsMax} ports.`)
}

/** Undefined where it could not listen. */
async function startEngineOn(port: number) {
  const binary = join(
    dirname(createRequire(import.meta.url).resolve('@dynoxide/linux-x64/package.json')),
    'dynoxide',
  )
  const child = spawn(binary, ['--port', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const listening = new Promise<true>((resolve) => {
    child.stderr.on('data', (text: Buffer) => {
      if (String(text).includes('listening')) resolve(true)
    })
  })
  const endpoint = `http://127.0.0.1:${port}`
  const isListening = await Promise.race([listening, exited, sleep(readyWithinMs)])
  if (!isListening) {
    child.kill('SIGKILL')
    return undefined
  }
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
  }
  return { endpoint, stop }
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address
          ? resolve(address.port)
          : reject(new Error('no port')),
      )
    })
  })
}
