/** An AWS account on this machine for as long as a test needs it, and a way to ask it what it holds. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import * as z from 'zod'
import { freePort } from '../../support/embedded-dynamodb.ts'

const python = join(import.meta.dirname, '..', '..', '..', '.interop', 'python')
const readyWithinMs = 60_000
const answerWithinMs = 60_000
const stopWithinMs = 5_000

/** False where `scripts/python-env.mjs` could not fetch the emulator. */
export const isEmulatorThere = existsSync(join(python, 'bin', 'moto_server'))
export const pythonBinary = join(python, 'bin', 'python')

export const account = '123456789012'
export const region = 'us-east-1'

export type Emulator = Awaited<ReturnType<typeof startEmulator>>

export async function startEmulator() {
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-rehearsal-'))
  const port = await freePort()
  const environment = environmentFor(port, folder)
  const options = { cwd: import.meta.dirname, env: environment }
  const server = spawn(pythonBinary, ['-m', 'emulator', String(port)], {
    ...options,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let log = ''
  server.stderr.on('data', (text: Buffer) => {
    log = `${log}${text}`.slice(-20_000)
  })
  const asking = spawn(pythonBinary, ['ask.py'], { ...options, stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface({ input: asking.stdout })[Symbol.asyncIterator]()
  const stop = async () => {
    await Promise.all([stopped(asking), stopped(server)])
    await rm(folder, { recursive: true, force: true })
  }

  const isReady = () =>
    fetch(environment.AWS_ENDPOINT_URL).then(
      () => true,
      () => false,
    )
  const untilMs = Date.now() + readyWithinMs
  while (!(await isReady())) {
    if (server.exitCode !== null || Date.now() > untilMs) {
      await stop()
      throw new Error(`The emulator did not become ready:\n${log}`)
    }
    await delay(200)
  }

  return {
    environment,
    /** For what a test writes; gone when the emulator is stopped. */
    folder,
    log: () => log,
    /** One question at a time, in the words of the SDK for Python. Throws what AWS refuses. */
    ask: async <Reply>(
      service: string,
      operation: string,
      parameters: object,
      schema: z.ZodType<Reply>,
    ): Promise<Reply> => {
      asking.stdin.write(`${JSON.stringify({ service, operation, parameters })}\n`)
      const line = await Promise.race([
        answers.next(),
        delay(answerWithinMs, undefined, { ref: false }),
      ])
      if (line === undefined || line.done) {
        throw new Error(
          `${service} ${operation}: no answer within ${answerWithinMs / 1000} s\n${log}`,
        )
      }
      const answer = Answer.parse(JSON.parse(line.value))
      if ('error' in answer) throw new Error(`${service} ${operation}: ${answer.error}`)
      return schema.parse(answer.reply)
    },
    stop,
  }
}

const Answer = z.union([z.object({ error: z.string() }), z.object({ reply: z.unknown() })])

/** All that its processes see: nobody's credentials, settings or home, and no network but this machine's. */
function environmentFor(port: number, home: string) {
  const endpoint = `http://127.0.0.1:${port}`
  return {
    // The pinned Node first: `cdk.json` starts the app by the name `node`.
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
    HOME: home,
    CI: 'true',
    NO_COLOR: '1',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    PYTHONDONTWRITEBYTECODE: '1',
    AWS_ENDPOINT_URL: endpoint,
    // The emulator's CloudFormation knows its own store by this name alone.
    AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION: `http://localhost:${port}`,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'rehearsal',
    AWS_SECRET_ACCESS_KEY: 'rehearsal',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
  await exited
  clearTimeout(kill)
}
