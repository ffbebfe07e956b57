// Fetches DynamoDB Local, a second engine for the contract suite, with Maven into a cache folder of
// node_modules. Where Java, Maven or the way to a package registry is missing it says so and leaves
// with 0: the suite then runs on the embedded engine alone.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const pom = join(root, 'test', 'contract', 'dynamodb-local.pom.xml')
/** `test/support/dynamodb-local.ts` starts what lies here. */
const folder = join(root, 'node_modules', '.cache', 'dynamodb-local', '3.1.0')
const fetchWithinMs = 110_000
const askWithinMs = 20_000
const outputCharsMax = 20_000

const outcome = await prepare()
console.log(outcome)

async function prepare() {
  if (existsSync(folder)) return 'DynamoDB Local is here already.'
  for (const [tool, flag] of [
    ['java', '-version'],
    ['mvn', '-version'],
  ]) {
    if (!(await run(tool, [flag], askWithinMs)).ok) {
      return `DynamoDB Local is skipped: there is no ${tool} on this machine.`
    }
  }
  // Into a folder of its own first, so that a fetch that broke off is never taken for a whole one.
  const unfinished = `${folder}.${process.pid}`
  await mkdir(dirname(folder), { recursive: true })
  try {
    const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`]
    const fetched = await run(
      'mvn',
      ['-q', '-B', '-Dstyle.color=never', '-f', pom, ...copy],
      fetchWithinMs,
    )
    if (!fetched.ok) {
      console.error(fetched.output)
      return 'DynamoDB Local is skipped: Maven could not fetch it; its own words are above.'
    }
    if (!existsSync(folder)) await rename(unfinished, folder)
    return 'DynamoDB Local is ready.'
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}

/** Never rejects; a program that is missing or takes too long is not `ok`. */
function run(program, args, withinMs) {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const collect = (text) => {
      output = `${output}${text}`.slice(-outputCharsMax)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
    const end = (ok) => {
      clearTimeout(timer)
      resolve({ ok, output })
    }
    child.once('error', () => end(false))
    child.once('close', (code) => end(code === 0))
  })
}
