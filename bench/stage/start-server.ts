/** A program in a process of its own that serves HTTP on a port, ours or a peer's. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type Usage, usageOf } from './process-usage.ts'

export type Server = {
  readonly pid: number
  readonly url: string
  /** From the start of its process until it took a connection. */
  readonly readyAfterMs: number
  readonly usage: () => Promise<Usage>
  /** What it wrote to stderr last. */
  readonly errors: () => string
  readonly stop: () => Promise<void>
}

const tryEveryMs = 5
const stopWithinMs = 5_000
const errorsKept = 4_000

/** Throws with what it said where it ends, or does not listen within `readyWithinMs`. */
export async function startServer(spec: {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  readonly folder?: string | undefined
  /** @default 20,000 */
  readonly readyWithinMs?: number
}): Promise<Server> {
  const { command, args, port, readyWithinMs = 20_000 } = spec
  const startedAtMs = performance.now()
  const child = spawn(command, [...args], {
    cwd: spec.folder,
    env: { ...process.env, ...spec.env },
    // A line for every request is written all the same, and nobody has to read it.
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (text: Buffer) => {
    errors = `${errors}${text}`.slice(-errorsKept)
  })
  const ended = new AbortController()
  child.once('error', (error) => {
    errors += error.message
    ended.abort()
  })
  child.once('exit', () => ended.abort())
  const stop = async () => {
    if (ended.signal.aborted) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    await exited
    clearTimeout(force)
  }
  while (!(await takesConnections(port))) {
    if (ended.signal.aborted) throw new Error(`${command} ended: ${errors}`)
    if (performance.now() - startedAtMs > readyWithinMs) {
      await stop()
      throw new Error(`${command} was not ready in ${readyWithinMs / 1000} s: ${errors}`)
    }
    await delay(tryEveryMs)
  }
  const { pid } = child
  if (pid === undefined) throw new Error(`${command} did not start`)
  return {
    pid,
    url: `http://127.0.0.1:${port}`,
    readyAfterMs: performance.now() - startedAtMs,
    usage: () => usageOf(pid),
    errors: () => errors,
    stop,
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    const tell = (isTaken: boolean) => () => {
      socket.destroy()
      resolve(isTaken)
    }
    socket.once('connect', tell(true))
    socket.once('error', tell(false))
  })
}
