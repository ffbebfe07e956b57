/** The functions as they were deployed: their uploaded archives, run here in the environment that they were given. */
import { execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import * as z from 'zod'
import { freePort } from '../../support/embedded-dynamodb.ts'
import { type UrlRequest, urlEvent } from '../lambda/url-event.ts'
import { account, type Emulator, pythonBinary, region } from './emulator.ts'

const runWithinMs = 30_000
const assetsBucket = `cdk-hnb659fds-assets-${account}-${region}`

const Configuration = z.object({
  FunctionName: z.string(),
  CodeSha256: z.string(),
  Handler: z.string(),
  Runtime: z.string(),
  Architectures: z.array(z.string()),
  Layers: z.array(z.object({ Arn: z.string() })).default([]),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
})

export type DeployedFunction = z.infer<typeof Configuration> & {
  /** Its archive, unpacked. */
  readonly folder: string
  /** Digest of the archive, in Lambda's form. */
  readonly sha256: string
  /** Name of the asset that the archive was made of. */
  readonly asset: string
}

/** All of them, with their code. */
export async function fetchFunctions(emulator: Emulator): Promise<readonly DeployedFunction[]> {
  const Names = z.object({ Functions: z.array(z.object({ FunctionName: z.string() })) })
  const Found = z.object({ Configuration, Code: z.object({ Location: z.string() }) })
  const { Functions } = await emulator.ask('lambda', 'list_functions', {}, Names)
  const found = []
  for (const { FunctionName } of Functions) {
    found.push(await emulator.ask('lambda', 'get_function', { FunctionName }, Found))
  }
  const keys = found.map(({ Code }) => Code.Location.split('/').at(-1) ?? '')
  const folder = join(emulator.folder, 'functions')
  const digests = await unpack(emulator, folder, keys)
  return found.map(({ Configuration }, at) => ({
    ...Configuration,
    folder: join(folder, keys[at] ?? ''),
    sha256: digests[at] ?? '',
    asset: (keys[at] ?? '').replace('.zip', ''),
  }))
}

async function unpack(emulator: Emulator, folder: string, keys: readonly string[]) {
  const args = [join(import.meta.dirname, 'unpack.py'), assetsBucket, folder]
  const options = { env: emulator.environment, timeout: runWithinMs }
  const running = promisify(execFile)(pythonBinary, args, options)
  running.child.stdin?.end(keys.join('\n'))
  const { stdout } = await running
  return stdout.trim().split('\n')
}

/** What Lambda adds to a function's own variables, and, in place of its network, where AWS is. */
function environmentOf({ environment }: Emulator, deployed: DeployedFunction) {
  const { PATH, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL } =
    environment
  return {
    PATH,
    AWS_REGION,
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
    AWS_ENDPOINT_URL,
    AWS_LAMBDA_FUNCTION_NAME: deployed.FunctionName,
    ...deployed.Environment.Variables,
  }
}

const Reply = z.object({ statusCode: z.int(), body: z.string() })

/** One call through its function URL. */
export async function callFunction(
  emulator: Emulator,
  deployed: DeployedFunction,
  request: UrlRequest,
) {
  const { reply } = await invokeFunction(emulator, deployed, urlEvent(request))
  const { statusCode, body } = Reply.parse(reply)
  return { statusCode, body: z.record(z.string(), z.unknown()).parse(JSON.parse(body)) }
}

/** Imports the handler as the runtime does and gives it one event. */
export async function invokeFunction(
  emulator: Emulator,
  deployed: DeployedFunction,
  event: object,
) {
  const script = `const { handler } = await import(${JSON.stringify(join(deployed.folder, 'index.mjs'))})
    const reply = await handler(${JSON.stringify(event)}, { getRemainingTimeInMillis: () => 60000 })
    process.stdout.write('\\n' + JSON.stringify(reply ?? null))
    process.exit(0)`
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', script],
    { env: environmentOf(emulator, deployed), timeout: runWithinMs },
  )
  const lines = stdout.trim().split('\n')
  return { reply: JSON.parse(lines.at(-1) ?? ''), logged: `${lines.join('\n')}${stderr}` }
}

/** Starts the server as the web adapter does: by its file, on the port that it asks for readiness. */
export async function startServer(emulator: Emulator, deployed: DeployedFunction) {
  const port = await freePort()
  const child = spawn(join(deployed.folder, deployed.Handler), {
    cwd: deployed.folder,
    // The one variable that is not as deployed: the port must be free on this machine.
    env: { ...environmentOf(emulator, deployed), AWS_LWA_PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const url = `http://127.0.0.1:${port}`
  const isReady = () =>
    fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    )
  const untilMs = Date.now() + runWithinMs
  while (!(await isReady())) {
    if (child.exitCode !== null || Date.now() > untilMs) {
      child.kill('SIGKILL')
      throw new Error('The deployed gateway did not start.')
    }
    await delay(100)
  }
  const stop = async () => {
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill('SIGKILL')
    await exited
  }
  return { url, stop }
}
