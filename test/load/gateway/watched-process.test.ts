import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWatched } from './watched-process.ts'

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'b3iq-watched-'))
})
afterAll(() => rm(folder, { recursive: true }))

const lives = `setInterval(() => undefined, 1000); process.on('SIGTERM', () => process.exit(0))`

async function start(script: string) {
  const file = join(folder, 'process.mjs')
  await writeFile(file, script)
  return startWatched({ name: 'it', file, env: {}, readyLine: 'ready' })
}

test('a process that does what it should has nothing to complain of', async () => {
  const process = await start(`${lives}; console.log('{"event":"up"}'); console.log('ready')`)
  expect(process.hasExited()).toBe(false)
  await process.stop()
  expect(process.complaints()).toEqual([])
  expect(process.events()).toEqual(new Map([['up', 1]]))
})

test.each([
  ['a word on stderr', `${lives}; console.error('careful')`, 'careful'],
  [
    'a rejection that nobody handles',
    'setTimeout(() => Promise.reject(new Error("lost")), 50)',
    'lost',
  ],
  ['an end by itself', 'setTimeout(() => process.exit(0), 50)', 'ended with code 0'],
])('%s is told', async (_, script, words) => {
  const process = await start(`${script}; console.log('ready')`)
  await expect.poll(() => process.complaints().join(), { timeout: 10_000 }).toContain(words)
  await process.stop()
})

test('an end that was asked for and went wrong is told', async () => {
  const fails = `setInterval(() => 0, 9); process.on('SIGTERM', () => process.exit(3))`
  const process = await start(`${fails}; console.log('ready')`)
  await process.stop()
  expect(process.complaints()).toEqual(['it: ended with code 3'])
})

test('a process that is never ready is an error that says why', async () => {
  await expect(start('throw new Error("no port")')).rejects.toThrow('it did not start')
})
