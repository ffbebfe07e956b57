/** Starts a suite's process and waits for what it says, no longer than it may take. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { SuiteMessage } from './messages.ts'
import { registry, type SuiteName } from './registry.ts'
import type { SuiteReport } from './suite.ts'

export type Outcome =
  | { readonly kind: 'measured'; readonly title: string; readonly report: SuiteReport }
  | { readonly kind: 'failed'; readonly why: string }

export type RunOptions = {
  readonly onProgress: (line: string) => void
  readonly signal: AbortSignal
  /** @default bench/harness/suite-process.ts */
  readonly program?: string
  /** @default three times the budget of the suite */
  readonly limitMs?: number
}

/** In which a suite stops what it started. */
const graceMs = 10_000

const ownProgram = new URL('suite-process.ts', import.meta.url).pathname

export async function runSuite(name: SuiteName, options: RunOptions): Promise<Outcome> {
  const limitMs = options.limitMs ?? 3_000 * registry[name].budgetSec
  // What a suite prints is for whoever waits: the tables alone go to standard output.
  const child = fork(options.program ?? ownProgram, [name], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  let outcome: Outcome | undefined
  child.on('message', (raw) => {
    const { data: message, error } = SuiteMessage.safeParse(raw)
    if (!message) outcome = { kind: 'failed', why: `Its report is none.\n${error.message}` }
    else if (message.kind === 'progress') options.onProgress(message.line)
    else if (message.kind === 'measured') outcome = message
    else outcome = failed(message)
  })
  let killing: NodeJS.Timeout | undefined
  const end = () => {
    child.kill('SIGTERM')
    killing ??= setTimeout(() => child.kill('SIGKILL'), graceMs)
  }
  let isLate = false
  const waiting = setTimeout(() => {
    isLate = true
    end()
  }, limitMs)
  options.signal.addEventListener('abort', end)
  if (options.signal.aborted) end()
  try {
    const [code, signal] = await once(child, 'exit')
    if (isLate) return { kind: 'failed', why: `It took longer than ${limitMs / 1_000} s.` }
    if (options.signal.aborted) return { kind: 'failed', why: 'It was stopped.' }
    return outcome ?? { kind: 'failed', why: `Its process ended with ${signal ?? code}.` }
  } finally {
    clearTimeout(waiting)
    clearTimeout(killing)
    options.signal.removeEventListener('abort', end)
  }
}

const failed = ({ why, stack }: { readonly why: string; readonly stack: string }): Outcome => {
  const places = stack.split('\n').filter((line) => line.trimStart().startsWith('at '))
  return { kind: 'failed', why: [why, ...places.slice(0, 3)].join('\n') }
}
