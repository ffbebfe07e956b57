/**
 * A supervised child process: it is up when its ready line appears, its output goes to a log file, and if it
 * dies while it should not, it is started again after a pause that grows.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { StatedError } from '../host/stated-error.ts'

export type ChildSpec = {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly logFile: string
  /** True for the line of output with which the child says that it serves. */
  readonly isReady: (line: string) => boolean
  readonly readyWithinMs: number
  /** Told of every process id, the first one and those after restarts. */
  readonly onStart?: (pid: number) => void
}

export type Child = { readonly stop: () => Promise<void> }

const restartPauseMsMax = 10_000
const stopWithinMs = 12_000

export async function startChild(spec: ChildSpec): Promise<Child> {
  const log = createWriteStream(spec.logFile, { flags: 'a', mode: 0o600 })
  let isStopping = false
  let failures = 0
  let current = launch(spec, log)

  const supervise = (child: ChildProcess) => {
    child.once('exit', async () => {
      if (isStopping) return
      failures += 1
      const pauseMs = Math.min(restartPauseMsMax, 100 * 2 ** failures)
      log.write(`${spec.name} ended unexpectedly; it starts again in ${pauseMs} ms\n`)
      await delay(pauseMs, undefined, { ref: false })
      if (isStopping) return
      current = launch(spec, log)
      supervise(current.child)
      current.ready.then(
        () => {
          failures = 0
        },
        () => undefined,
      )
    })
  }

  await current.ready
  supervise(current.child)
  return {
    stop: async () => {
      isStopping = true
      await terminate(current.child)
      log.end()
    },
  }
}

type Launched = { readonly child: ChildProcess; readonly ready: Promise<void> }

function launch(spec: ChildSpec, log: NodeJS.WritableStream): Launched {
  const child = spawn(spec.command, [...spec.args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...spec.env },
    // Ctrl-C reaches the whole terminal group; the supervisor alone decides the order of the end.
    detached: true,
  })
  if (child.pid !== undefined) spec.onStart?.(child.pid)
  return { child, ready: readiness(spec, child, log) }
}

function readiness(spec: ChildSpec, child: ChildProcess, log: NodeJS.WritableStream) {
  let lastError = ''
  return new Promise<void>((resolve, reject) => {
    const fail = (reason: string) =>
      reject(new StatedError(`${spec.name} did not start: ${lastError || reason}`))
    const timer = setTimeout(
      () => fail(`no sign of life in ${spec.readyWithinMs / 1000} s, see ${spec.logFile}.`),
      spec.readyWithinMs,
    )
    timer.unref()
    const onLine = (line: string) => {
      log.write(`${line}\n`)
      if (!spec.isReady(line)) return
      clearTimeout(timer)
      resolve()
    }
    readLines(child.stdout, onLine)
    readLines(child.stderr, (line) => {
      lastError = line
      onLine(line)
    })
    child.once('error', (error) => fail(error.message))
    child.once('close', (code) => fail(`it ended with code ${code}, see ${spec.logFile}.`))
  })
}

function readLines(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
  let rest = ''
  stream?.setEncoding('utf8')
  stream?.on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
}

async function terminate(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
  await exited
  clearTimeout(timer)
}
