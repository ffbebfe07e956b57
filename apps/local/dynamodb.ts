/** The embedded DynamoDB: `DYNAMODB_ENDPOINT`, the packaged binary, or a `dynoxide` on the path. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { StatedError } from '../host/stated-error.ts'
import type { Child } from './child.ts'
import { startChild } from './child.ts'

export type LocalDynamodb = Child & { readonly endpoint: string; readonly engine: string }

const answersWithinMs = 10_000

export async function startDynamodb(options: {
  readonly port: number
  readonly file: string
  readonly logFile: string
}): Promise<LocalDynamodb> {
  const given = process.env.DYNAMODB_ENDPOINT
  if (given) {
    await untilAnswering(given)
    return { endpoint: given, engine: given, stop: async () => undefined }
  }
  const binary = packagedBinary() ?? binaryOnPath()
  if (!binary) {
    throw new StatedError(
      'No embedded DynamoDB for this platform: put a "dynoxide" on the PATH or set DYNAMODB_ENDPOINT.',
    )
  }
  const child = await startChild({
    name: 'The embedded DynamoDB',
    command: binary,
    args: ['--port', String(options.port), '--db-path', options.file],
    env: {},
    logFile: options.logFile,
    isReady: (line) => line.includes('listening on'),
    readyWithinMs: answersWithinMs,
  })
  const endpoint = `http://127.0.0.1:${options.port}`
  await untilAnswering(endpoint)
  return { ...child, endpoint, engine: 'dynoxide' }
}

function packagedBinary(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve('@dynoxide/linux-x64/package.json')
    return join(dirname(manifest), 'dynoxide')
  } catch {
    return undefined
  }
}

function binaryOnPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, 'dynoxide')).find((file) => existsSync(file))
}

async function untilAnswering(endpoint: string): Promise<void> {
  const untilMs = Date.now() + answersWithinMs
  for (;;) {
    const answers = await fetch(endpoint, { signal: AbortSignal.timeout(1_000) }).then(
      () => true,
      () => false,
    )
    if (answers) return
    if (Date.now() > untilMs) {
      throw new StatedError(`DynamoDB at ${endpoint} does not answer: is it running?`)
    }
    await delay(50)
  }
}
