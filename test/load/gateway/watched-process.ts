/**
 * A process of a load run that nobody restarts: whatever it says on stderr, and an end that nobody asked
 * for, is kept to be told at the end.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Order } from './messages.ts'

export type WatchedProcess = {
  readonly name: string
  readonly pid: number
  readonly order: (order: Order) => void
  /** What must not be: words on stderr, an end by itself or one that had to be forced. */
  readonly complaints: () => readonly string[]
  /** Lines on stdout so far, by the event that they tell. */
  readonly events: () => ReadonlyMap<string, number>
  readonly hasExited: () => boolean
  readonly stop: () => Promise<void>
}

const readyWithinMs = 30_000
const stopWithinMs = 15_000
const complaintsMax = 50
const eventPattern = /^\{"event":"([a-z_]+)"/

/** Resolves when a line of its output says that it is ready; throws where none does. */
export async function startWatched(spec: {
  readonly name: string
  readonly file: string
  readonly env: Readonly<Record<string, string>>
  readonly readyLine: string
  /** Flags of Node. */
  readonly flags?: readonly string[]
  readonly onMessage?: (message: unknown) => void
}): Promise<WatchedProcess> {
  const { name, onMessage } = spec
  const complaints: string[] = []
  const complain = (what: string) => {
    if (complaints.length < complaintsMax) complaints.push(`${name}: ${what}`)
  }
  const events = new Map<string, number>()
  const child = fork(spec.file, {
    env: { ...process.env, ...spec.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [...(spec.flags ?? [])],
    // Ctrl-C reaches the whole terminal group, and here the run alone ends its processes.
    detached: true,
  })
  const { stdout, stderr, pid } = child
  if (!stdout || !stderr || pid === undefined) throw new Error(`${name} did not start`)
  if (onMessage) child.on('message', onMessage)
  let isStopping = false
  let hasExited = false
  child.once('exit', (code, signal) => {
    hasExited = true
    if (!isStopping || code !== 0) complain(`ended with ${signal ?? `code ${code}`}`)
  })
  const ready = Promise.withResolvers<void>()
  createInterface({ input: stderr }).on('line', complain)
  createInterface({ input: stdout }).on('line', (line) => {
    if (line.includes(spec.readyLine)) ready.resolve()
    const event = eventPattern.exec(line)?.[1]
    if (event !== undefined) events.set(event, (events.get(event) ?? 0) + 1)
  })
  const failed = (why: string) =>
    ready.reject(new Error([`${name} ${why}`, ...complaints].join('\n')))
  child.once('exit', () => failed('did not start'))
  const timer = setTimeout(() => failed('was not ready in time'), readyWithinMs)
  try {
    await ready.promise
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  } finally {
    clearTimeout(timer)
  }
  return {
    name,
    pid,
    order: (order) => void child.send(order),
    complaints: () => complaints,
    events: () => events,
    hasExited: () => hasExited,
    stop: async () => {
      if (hasExited) return
      isStopping = true
      const exited = once(child, 'exit')
      const force = setTimeout(() => {
        complain(`did not end within ${stopWithinMs / 1_000} s`)
        child.kill('SIGKILL')
      }, stopWithinMs)
      child.kill('SIGTERM')
      await exited
      clearTimeout(force)
    },
  }
}
