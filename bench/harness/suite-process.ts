/**
 * One suite in a process of its own: its heap is clean, and what it leaves behind ends with it. Told to
 * stop, or left alone by the harness, it stops what it started and ends.
 */
import type { SuiteMessage } from './messages.ts'
import { isSuiteName, registry } from './registry.ts'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
process.on('disconnect', () => stop.abort())

const tell = (message: SuiteMessage): Promise<void> =>
  new Promise((resolve) => {
    if (!process.connected || !process.send) return resolve()
    process.send(message, () => resolve())
  })

async function measure(): Promise<SuiteMessage> {
  try {
    const name = process.argv[2]
    if (!isSuiteName(name)) throw new Error(`There is no suite "${name}".`)
    const { suite } = await registry[name].load()
    const report = await suite.run({
      progress: (line) => void tell({ kind: 'progress', line }),
      signal: stop.signal,
    })
    return { kind: 'measured', title: suite.title, report }
  } catch (error) {
    const { message, stack = '' } = error instanceof Error ? error : new Error(String(error))
    return { kind: 'failed', why: message, stack }
  }
}

await tell(await measure())
// A socket that a suite forgot would keep the process.
process.exit()
