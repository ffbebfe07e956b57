/** A part of the bench stage in a process of its own, which answers one message after the other. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { type Usage, usageOf } from './process-usage.ts'

export type Child = {
  readonly pid: number
  /** What it said when it was ready. */
  readonly greeting: unknown
  /** Throws where no reply comes within `withinMs`, or the process ends. */
  readonly ask: (order: object | string, withinMs: number) => Promise<unknown>
  readonly usage: () => Promise<Usage>
  readonly stop: () => Promise<void>
}

const readyWithinMs = 20_000
const stopWithinMs = 3_000

/** `setup` is the first message that it gets, and its first of its own says that it is ready. */
export async function startChild(
  file: string,
  setup: object,
  env: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const child = fork(file, {
    env: { ...process.env, ...env },
    // Flags of a suite's own process are not its children's.
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${file} did not start`)

  async function reply(withinMs: number): Promise<unknown> {
    const done = new AbortController()
    const { signal } = done
    try {
      return await Promise.race([
        once(child, 'message', { signal }).then(([message]) => message),
        once(child, 'exit', { signal }).then(() => failed(file, 'ended')),
        delay(withinMs, undefined, { signal }).then(() => failed(file, 'did not answer')),
      ])
    } finally {
      done.abort()
    }
  }
  const ask = (order: object | string, withinMs: number) => {
    child.send(order)
    return reply(withinMs)
  }
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    await exited
    clearTimeout(force)
  }
  try {
    const greeting = await ask(setup, readyWithinMs)
    return { pid, greeting, ask, usage: () => usageOf(pid), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function failed(file: string, how: string): never {
  throw new Error(`${file} ${how}`)
}
