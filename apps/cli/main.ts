/**
 * The command line of `b3iq` as a process. It ships to customers, so it knows the wire, receipts and
 * money, and nothing of how the gateway works.
 */
import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { runCommandLine } from './command-line.ts'
import type { World } from './world.ts'

const interrupt = new AbortController()

const world: World = {
  env: process.env,
  homeDir: homedir(),
  readyFile: join(import.meta.dirname, '..', '..', '.local', 'ready.json'),
  stdin: process.stdin,
  writeOut: (text) => void process.stdout.write(text),
  writeErr: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY === true,
  nowMs: Date.now,
  sleep: async (durationMs, signal) => {
    await delay(durationMs, undefined, { signal }).catch(() => undefined)
  },
  random: Math.random,
  newId: (bytes) => randomBytes(bytes).toString('base64url'),
  interrupted: () => {
    if (process.listenerCount('SIGINT') === 0) process.once('SIGINT', () => interrupt.abort())
    return interrupt.signal
  },
}

// Whoever reads may have read enough: `b3iq usage | head` is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

process.exitCode = await runCommandLine(process.argv.slice(2), world)
