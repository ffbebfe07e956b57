// Installs what a command needs and nothing it has: `run` takes the runtime packages alone (about 390 MB),
// `all` adds the tools for tests, checks and synthesis. Plain JavaScript, because it runs before
// the pinned Node exists, on whatever Node (20 or newer) the machine has.
//
// It calls `npm install --no-save`, not `npm ci`: the lock file cannot list the platform builds that a
// registry mirror lacks, and `npm ci` takes such a lock for a broken one.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stampFile = join(root, 'node_modules', '.b3iq-install.json')
const asked = process.argv[2]

if (asked !== 'run' && asked !== 'all') fail('usage: node scripts/install.mjs run|all')
if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`Node ${process.versions.node} is too old: install Node 20 or newer.`)
}

const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package.json')))
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')
const stamp = readStamp()
// What is there stays: running the product must not remove the tools of who develops it.
const scope = stamp.scope === 'all' ? 'all' : asked
if (stamp.wanted !== wanted || stamp.scope !== scope) install()

function readStamp() {
  if (!existsSync(stampFile)) return {}
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'))
  } catch {
    return {}
  }
}

function install() {
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
  if (scope === 'run') args.push('--omit=dev')
  console.error(`Installing packages (${scope === 'run' ? 'about 390' : 'about 740'} MB) …`)
  const startedMs = Date.now()
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const result = spawnSync(npm, args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (result.status !== 0) {
    fail('npm install failed: see its message above, then run the same command again.')
  }
  writeFileSync(stampFile, JSON.stringify({ wanted, scope }))
  console.error(`Installed in ${Math.round((Date.now() - startedMs) / 1000)} s.`)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
