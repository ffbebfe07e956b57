/** Where the laptop stack keeps everything: one folder, secrets and keys readable by the owner alone. */
import { access, chmod, constants, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { errorCode, messageOf, StatedError } from '../host/stated-error.ts'

export type DataDir = ReturnType<typeof pathsIn> & {
  /** Takes back what says that a stack is up. */
  readonly close: () => Promise<void>
}

type Paths = ReturnType<typeof pathsIn>

function pathsIn(dir: string) {
  const at = (...parts: string[]) => join(dir, ...parts)
  return {
    root: dir,
    database: at('dynamodb.sqlite'),
    secrets: at('secrets.json'),
    operatorKey: at('operator.key'),
    customerKey: at('customer.key'),
    demo: at('demo.json'),
    model: at('demo.gguf'),
    embeddingModel: at('demo-embed.gguf'),
    artifacts: at('artifacts'),
    hostConfig: at('host', 'config.json'),
    hostState: at('host', 'state.json'),
    hostKey: at('host', 'node.key'),
    logs: at('logs'),
    ready: at('ready.json'),
    lock: at('lock'),
  }
}

export async function openDataDir(
  dir: string,
  { fresh }: { readonly fresh: boolean },
): Promise<DataDir> {
  const paths = pathsIn(resolve(dir))
  try {
    if (fresh) await removeData(paths)
    await mkdir(join(paths.root, 'host'), { recursive: true, mode: 0o700 })
    await mkdir(paths.logs, { recursive: true, mode: 0o700 })
    await mkdir(paths.artifacts, { recursive: true, mode: 0o700 })
    await access(paths.root, constants.W_OK)
  } catch (error) {
    if (error instanceof StatedError) throw error
    throw new StatedError(
      `The folder ${paths.root} cannot be written (${messageOf(error)}): choose another with --data DIR.`,
    )
  }
  await lock(paths)
  await rm(paths.ready, { force: true })
  const close = async () => {
    await rm(paths.ready, { force: true })
    await rm(paths.lock, { force: true })
  }
  return { ...paths, close }
}

/** Only what this program made: a folder given by mistake keeps everything else. */
async function removeData(paths: Paths): Promise<void> {
  const own = Object.values(paths).filter((path) => path !== paths.root && path !== paths.lock)
  await assertUnlocked(paths)
  const files = own.flatMap((path) => [path, `${path}-wal`, `${path}-shm`])
  await Promise.all(files.map((path) => rm(path, { recursive: true, force: true })))
}

/** One stack per folder: two would answer for one another's hosts. */
async function lock(paths: Paths): Promise<void> {
  await assertUnlocked(paths)
  await writeFile(paths.lock, String(process.pid), { mode: 0o600 })
}

async function assertUnlocked(paths: Paths): Promise<void> {
  const pid = Number(await readFile(paths.lock, 'utf8').catch(() => ''))
  if (!pid || pid === process.pid || !isRunning(pid)) return
  throw new StatedError(
    `A stack with process id ${pid} already uses ${paths.root}: stop it, or use --data and --port.`,
  )
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

/** Whole or not at all, 0600. */
export async function writePrivate(path: string, content: string): Promise<void> {
  const unfinished = `${path}.${process.pid}`
  await writeFile(unfinished, content, { mode: 0o600 })
  await chmod(unfinished, 0o600)
  await rename(unfinished, path)
}

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
