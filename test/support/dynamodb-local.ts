/**
 * DynamoDB Local, AWS's own engine for tests, beside the embedded one: what both agree on is not a
 * habit of one of them. It is there where `scripts/dynamodb-local.mjs` could fetch it.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from './embedded-dynamodb.ts'

export type DynamodbLocal =
  | { readonly endpoint: string; readonly stop: () => Promise<void> }
  /** One sentence that says why, and how to change it. */
  | { readonly skipped: string }

const root = join(import.meta.dirname, '..', '..')
const folder = join(root, 'node_modules', '.cache', 'dynamodb-local', '3.1.0')
/** A JVM on a busy machine. */
const readyWithinMs = 60_000
const stopWithinMs = 5_000

/** In memory, on a free port, with nothing from an earlier start in it. */
export async function dynamodbLocal(): Promise<DynamodbLocal> {
  if (!existsSync(folder)) {
    return {
      skipped:
        'DynamoDB Local is not on this machine: `node scripts/dynamodb-local.mjs` fetches it.',
    }
  }
  const port = await freePort()
  const child = spawn('java', [...javaFlags, '-port', String(port)], {
    stdio: 'ignore',
    // It would report its use to its maker.
    env: { ...process.env, DDB_LOCAL_TELEMETRY: '0' },
  })
  let isGone = false
  const gone = new Promise<void>((resolve) => {
    const end = () => {
      isGone = true
      resolve()
    }
    child.once('error', end)
    child.once('exit', end)
  })
  const stop = async () => {
    child.kill('SIGTERM')
    const kill = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    await gone
    clearTimeout(kill)
  }
  const endpoint = `http://127.0.0.1:${port}`
  const deadlineMs = Date.now() + readyWithinMs
  while (!(await answers(endpoint))) {
    if (isGone) {
      return { skipped: 'DynamoDB Local did not start: it needs Java 17 or later as `java`.' }
    }
    if (Date.now() > deadlineMs) {
      await stop()
      throw new Error('DynamoDB Local did not start in 60 s.')
    }
    await delay(50)
  }
  return { endpoint, stop }
}

const javaFlags = [
  '-Xmx512m',
  `-Dsqlite4java.library.path=${folder}`,
  '-cp',
  join(folder, '*'),
  'software.amazon.dynamodb.services.local.main.ServerRunner',
  '-inMemory',
  '-sharedDb',
  '-disableTelemetry',
]

async function answers(endpoint: string): Promise<boolean> {
  return fetch(endpoint, { signal: AbortSignal.timeout(2_000) }).then(
    () => true,
    () => false,
  )
}
