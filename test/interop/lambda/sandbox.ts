/**
 * One execution environment: the unpacked bundle, the environment of its template and the processes that
 * Lambda would start, each a group of its own that can be frozen.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { type Processes, startRuntimeApi } from './runtime-api.ts'
import { adapter, runtimeClient } from './tools.ts'

export type Sandbox = Awaited<ReturnType<typeof openAdapterSandbox>>

export type SandboxOptions = {
  /** What would lie under `/var/task`. */
  readonly folder: string
  readonly variables: Readonly<Record<string, string>>
  /** Of the function: what an invocation is told that it has left. */
  readonly timeoutSec: number
  /** Stands still with the processes, from the same moment on. */
  readonly wire?: Processes
}

type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

const stopWithinMs = 5_000
const outputCharsMax = 200_000

/** The layer's adapter beside the server that its `bootstrap` starts in place of the runtime. */
export function openAdapterSandbox(options: SandboxOptions) {
  return openSandbox('run.sh', options, (env) => ({
    adapter: start(adapter, [], options.folder, env),
    // As `/opt/bootstrap` does, which is what `AWS_LAMBDA_EXEC_WRAPPER` names.
    main: start(join(options.folder, String(env._HANDLER)), [], options.folder, env),
  }))
}

/** The client of Lambda's Node runtime, which imports the bundle and calls its handler. */
export function openRuntimeSandbox(options: SandboxOptions) {
  return openSandbox('index.handler', options, (env) => ({
    main: start(process.execPath, [runtimeClient], options.folder, env),
  }))
}

async function openSandbox<Name extends string>(
  handler: string,
  { folder, variables, timeoutSec, wire }: SandboxOptions,
  startAll: (env: Readonly<Record<string, string>>) => Record<Name | 'main', Running>,
) {
  let running: Partial<Record<string, Running>> = {}
  const all = () => Object.values(running).flatMap((one) => (one === undefined ? [] : [one]))
  const freeze = () => {
    wire?.freeze()
    all().forEach((one) => void one.send('SIGSTOP'))
  }
  const thaw = () => {
    wire?.thaw()
    all().forEach((one) => void one.send('SIGCONT'))
  }
  const api = await startRuntimeApi({ freeze, thaw })
  const started = startAll({ ...reserved(handler, folder, api.address), ...variables })
  running = started
  const { main } = started
  return {
    api,
    invoke: (event: unknown) => api.invoke(event, { remainingMs: timeoutSec * 1000 }),
    /** Of the process that runs our bundle. */
    output: () => main.output(),
    send: (signal: NodeJS.Signals) => main.send(signal),
    /** Lets the processes run on although no event is waiting. */
    thaw,
    exited: () => main.exited,
    stop: async () => {
      await api.stop()
      await Promise.all(all().map((one) => one.stop()))
    },
  }
}

/** What Lambda sets in every environment, and nothing of this machine but the way to Node. */
function reserved(handler: string, folder: string, address: string): Record<string, string> {
  return {
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
    LAMBDA_TASK_ROOT: folder,
    _HANDLER: handler,
    AWS_LAMBDA_RUNTIME_API: address,
    AWS_LAMBDA_FUNCTION_NAME: 'b3iq',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_LAMBDA_LOG_GROUP_NAME: 'b3iq',
    AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
    AWS_LAMBDA_LOG_FORMAT: 'JSON',
    AWS_LAMBDA_LOG_LEVEL: 'INFO',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
    AWS_SESSION_TOKEN: 'example',
  }
}

type Running = ReturnType<typeof start>

function start(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
) {
  // `detached` makes the process the head of its own group.
  const child: ChildProcess = spawn(program, args, {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const collect = (bytes: Buffer) => {
    output = `${output}${bytes}`.slice(-outputCharsMax)
  }
  child.stdout?.on('data', collect)
  child.stderr?.on('data', collect)
  const exited: Promise<Exit> = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  const isRunning = () => child.exitCode === null && child.signalCode === null

  /** To the whole group; nothing where it is gone. */
  function send(signal: NodeJS.Signals): void {
    if (child.pid !== undefined && isRunning()) process.kill(-child.pid, signal)
  }
  // A process that is stopped would outlive us for good.
  const end = () => send('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  return {
    output: () => output,
    exited,
    send,
    stop: async () => {
      send('SIGCONT')
      send('SIGTERM')
      const timer = setTimeout(() => send('SIGKILL'), stopWithinMs)
      if (isRunning()) await exited
      clearTimeout(timer)
    },
  }
}
