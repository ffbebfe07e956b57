/** A deployed program in a process of its own, whose output and time of a core are counted. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { usageOf } from '../stage/process-usage.ts'
import { RunReport } from './run-report.ts'

export type Logged = { readonly lines: number; readonly bytes: number }

export type Subject = Awaited<ReturnType<typeof startSubject>>

const readyWithinMs = 30_000
const runWithinMs = 90_000
/** Output that was written before a reply may arrive after it. */
const settleMs = 100

export async function startSubject(spec: {
  readonly file: string
  readonly args?: readonly string[]
  readonly env: Readonly<Record<string, string>>
}) {
  const child = fork(spec.file, [...(spec.args ?? [])], {
    env: { ...process.env, ...spec.env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  let logged: Logged = { lines: 0, bytes: 0 }
  const { stdout, pid } = child
  if (!stdout || pid === undefined) throw new Error(`${spec.file} did not start`)
  // Whichever comes first: a server logs a line, a handler's process sends a message.
  const ready = Promise.withResolvers<void>()
  child.once('message', () => ready.resolve())
  child.once('exit', (code) => ready.reject(new Error(`${spec.file} ended with code ${code}`)))
  createInterface({ input: stdout }).on('line', (line) => {
    ready.resolve()
    logged = { lines: logged.lines + 1, bytes: logged.bytes + Buffer.byteLength(line) + 1 }
  })
  await Promise.race([ready.promise, failAfter(readyWithinMs, spec.file)])
  return {
    run: async (event: object): Promise<RunReport> => {
      child.send(event)
      const told = once(child, 'message')
      const [report] = await Promise.race([told, failAfter(runWithinMs, spec.file)])
      return RunReport.parse(report)
    },
    /** Time of a core since its start, to the hundredth of a second. */
    cpuMs: async (): Promise<number> => (await usageOf(pid)).cpuMs,
    /** What was written since the last call. */
    takeLog: async (): Promise<Logged> => {
      await delay(settleMs)
      const taken = logged
      logged = { lines: 0, bytes: 0 }
      return taken
    },
    stop: async () => {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    },
  }
}

const failAfter = async (afterMs: number, file: string): Promise<never> => {
  await delay(afterMs, undefined, { ref: false })
  throw new Error(`${file} did not answer within ${afterMs / 1000} s`)
}
