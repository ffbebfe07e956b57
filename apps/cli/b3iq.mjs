#!/usr/bin/env node
// Starts the command line on whatever Node there is, from version 20 on. Plain JavaScript, because
// a Node that cannot strip types has to hand over to the pinned one before any TypeScript is read.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const packages = join(here, '..', '..', 'node_modules')
const pinnedNode = join(packages, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
const stripsTypes = Boolean(process.features.typescript)

if (!existsSync(join(packages, 'zod')) || !(stripsTypes || existsSync(pinnedNode))) {
  console.error('b3iq: the packages are not installed: run "npm start" or "npm install" first.')
  process.exitCode = 2
} else if (stripsTypes) {
  await import('./main.ts')
} else {
  const main = join(here, 'main.ts')
  const options = { stdio: 'inherit', env: withoutNodeOptions(process.env) }
  const { status } = spawnSync(pinnedNode, [main, ...process.argv.slice(2)], options)
  process.exitCode = status ?? 2
}

/** Options meant for this Node may be unknown to the other, or switch off what it is started for. */
function withoutNodeOptions({ NODE_OPTIONS: _, ...env }) {
  return env
}
