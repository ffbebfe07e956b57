// Installs the gateways that `npm run bench -- peers` compares ours with, once: each in an exact version, in a
// folder of its own under `.bench`, with nothing of the project's own packages touched. One whose tool is missing,
// or that cannot be fetched, is left out; why is kept beside it, so that the bench can tell.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const npmWithinMs = 120_000
const pipWithinMs = 420_000

/** `fill` makes the folder from the manifest, and returns why it could not. */
const peers = [
  { name: 'portkey', manifest: 'package.json', fill: fillPortkey },
  { name: 'litellm', manifest: 'requirements.txt', fill: fillLitellm },
]

for (const { name, manifest, fill } of peers) {
  const source = join(root, 'bench', 'peers', name, manifest)
  const folder = join(root, '.bench', name)
  const stampFile = join(folder, 'installed')
  const wanted = createHash('sha256').update(readFileSync(source)).digest('hex')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) continue
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const reason = fill(folder, source)
  if (reason === undefined) {
    writeFileSync(stampFile, wanted)
    continue
  }
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'left-out'), reason)
  console.error(`The bench goes without ${name}: ${reason}.`)
}

function fillPortkey(folder, source) {
  cpSync(source, join(folder, 'package.json'))
  console.error('Installing the Portkey gateway (about 25 MB) …')
  const flags = ['--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts']
  const args = ['install', ...flags, '--loglevel=error', '--fetch-retries=1']
  return ran('npm', args, npmWithinMs) ? undefined : 'its npm packages could not be fetched'
}

function fillLitellm(folder, source) {
  const isRecent = 'import sys; sys.exit(sys.version_info < (3, 11))'
  const python = ['python3', 'python'].find((name) => ran(name, ['-c', isRecent], npmWithinMs))
  if (!python) return 'there is no Python 3.11 or newer'
  if (!ran(python, ['-m', 'venv', folder], npmWithinMs)) return 'python has no venv module'
  console.error('Installing the LiteLLM proxy (about 700 MB) …')
  const flags = ['--quiet', '--disable-pip-version-check', '--no-deps', '--retries', '1']
  const args = ['install', ...flags, '--requirement', source]
  const isFetched = ran(join(folder, 'bin', 'pip'), args, pipWithinMs)
  return isFetched ? undefined : 'its Python packages could not be fetched'
}

function ran(command, args, timeout) {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout })
  return status === 0
}
