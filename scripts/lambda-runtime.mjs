// Makes what `test/interop/lambda*.test.ts` run the bundles in, once: the Lambda Web Adapter from its Rust crate
// and the client that Lambda's Node runtime speaks to Lambda with. Both are compiled, which takes minutes, so a copy
// stays in the user's cache for the next clone. What cannot be made is named, and its tests are skipped.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, setPriority } from 'node:os'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)
const folder = join(root, '.interop', 'lambda')
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'b3iq', 'lambda')
const ricFolder = join(root, 'test', 'interop', 'lambda', 'ric')
const askWithinMs = 20_000
/** Of 20: beside tests it shall take what they leave. */
const niceness = 15
/** The published one nearest to the layer that is deployed, which has 1.0.0. */
const adapterVersion = '1.0.0-rc1'

const tools = [
  {
    name: 'ric',
    wanted: keyOf(readFileSync(join(ricFolder, 'package-lock.json'))),
    needs: ['npm', 'cmake', 'make', 'g++', 'python3'],
    result: 'node_modules/aws-lambda-ric/rapid-client.node',
    withinMs: 480_000,
    make: makeRic,
  },
  {
    name: 'adapter',
    wanted: keyOf(`lambda_web_adapter ${adapterVersion}`),
    needs: ['cargo'],
    result: 'bin/lambda-adapter',
    withinMs: 900_000,
    make: makeAdapter,
  },
]

/** What is being made: the folder, and the process whose group makes it. */
const making = { folder: undefined, child: undefined }
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    abandon()
    process.exit(1)
  })
}

setPriority(niceness)
removeLeftOver()
for (const tool of tools) console.log(await prepare(tool))

/** Of runs that were killed so that they could not clean up. A name ends in the process that made it. */
function removeLeftOver() {
  if (!existsSync(cache)) return
  for (const name of readdirSync(cache)) {
    const [, pid] = /^\w+-[0-9a-f]{16}\.(\d+)$/.exec(name) ?? []
    if (pid !== undefined && !isRunning(Number(pid))) {
      rmSync(join(cache, name), { recursive: true, force: true })
    }
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function abandon() {
  if (making.child !== undefined) killGroup(making.child)
  if (making.folder !== undefined) rmSync(making.folder, { recursive: true, force: true })
}

async function prepare({ name, wanted, needs, result, withinMs, make }) {
  const here = join(folder, name)
  const cached = join(cache, `${name}-${wanted}`)
  if (isWhole(here, wanted)) return `${name}: here already.`
  if (existsSync(cached)) {
    install(cached, here, wanted)
    return `${name}: copied from ${cached}.`
  }
  for (const tool of needs) {
    if ((await run(tool, ['--version'], { withinMs: askWithinMs })) !== 0) {
      return `${name} is skipped: there is no ${tool} on this machine.`
    }
  }
  // Into a folder of its own first, so that one that broke off is never taken for a whole one.
  const unfinished = `${cached}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  making.folder = unfinished
  const startedMs = Date.now()
  try {
    const status = await make(unfinished, withinMs)
    if (status !== 0 || !existsSync(join(unfinished, result))) {
      return `${name} is skipped: it could not be fetched and compiled within ${withinMs / 1000} s; the messages above say why.`
    }
    if (!existsSync(cached)) renameSync(unfinished, cached)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
    making.folder = undefined
  }
  install(cached, here, wanted)
  return `${name}: compiled in ${Math.round((Date.now() - startedMs) / 1000)} s.`
}

/** Tests look for the stamp, which is written last. */
function install(cached, here, wanted) {
  rmSync(here, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  cpSync(cached, here, { recursive: true })
  writeFileSync(join(here, '.stamp'), wanted)
}

function isWhole(here, wanted) {
  const stamp = join(here, '.stamp')
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
}

function makeAdapter(into, withinMs) {
  const exactly = ['--version', `=${adapterVersion}`, '--locked', '--quiet']
  // It is to behave like the published one, not to be as small and quick.
  const env = { CARGO_PROFILE_RELEASE_LTO: 'off', CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16' }
  return run('cargo', ['install', 'lambda_web_adapter', ...exactly, '--root', into], {
    withinMs,
    env,
  })
}

function makeRic(into, withinMs) {
  for (const file of ['package.json', 'package-lock.json']) {
    cpSync(join(ricFolder, file), join(into, file))
  }
  // The pinned Node brings its headers; without them node-gyp would fetch some from a site of Node's.
  const pinned = join(root, 'node_modules', 'node', 'node_modules', `node-linux-${process.arch}`)
  const env = existsSync(join(pinned, 'include')) ? { npm_config_nodedir: pinned } : {}
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  return run('npm', args, { withinMs, env, cwd: into })
}

function keyOf(content) {
  const machine = `${process.platform} ${process.arch} `
  return createHash('sha256').update(machine).update(content).digest('hex').slice(0, 16)
}

/** The exit status; null for a program that is missing or takes too long, which ends with all that it started. */
async function run(program, args, { withinMs, env, cwd }) {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', withinMs === askWithinMs ? 'ignore' : 'inherit'],
    // At the head of a group of its own: compilers are started by what is started here.
    detached: true,
  })
  making.child = child
  const timer = setTimeout(() => killGroup(child), withinMs)
  try {
    const [status] = await once(child, 'close')
    return status
  } catch {
    return null
  } finally {
    clearTimeout(timer)
    making.child = undefined
  }
}

function killGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended by itself meanwhile.
  }
}
