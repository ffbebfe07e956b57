// Makes the Python environment of `npm run test:interop`, once: the official SDK, a property-based tester of
// OpenAPI documents, an emulator of AWS and a linter of shell scripts, in exact versions. Where there is no Python
// 3.11, or its packages cannot be fetched, it says so and the tests that need it are skipped.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, '.interop', 'python')
const requirements = join(root, 'test', 'interop', 'python', 'requirements.txt')
const stampFile = join(folder, '.stamp')
const fetchWithinMs = 420_000

const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex')
if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== wanted) make()

function make() {
  const python = ['python3', 'python'].find(isRecent)
  if (!python) return skip('there is no Python 3.11 or newer')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(dirname(folder), { recursive: true })
  if (run(python, ['-m', 'venv', folder]).status !== 0) return skip('python has no venv module')
  console.error('Installing Python packages (about 240 MB) …')
  const pip = join(folder, 'bin', 'pip')
  const flags = ['install', '--quiet', '--disable-pip-version-check', '--no-deps']
  const installed = run(pip, [...flags, '--requirement', requirements])
  if (installed.status !== 0) {
    rmSync(folder, { recursive: true, force: true })
    return skip('its packages could not be fetched')
  }
  writeFileSync(stampFile, wanted)
}

function isRecent(python) {
  return run(python, ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0
}

function run(command, args) {
  return spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: fetchWithinMs,
  })
}

function skip(reason) {
  console.error(`The Python lane is skipped: ${reason}.`)
}
