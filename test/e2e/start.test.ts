/** Being started wrongly; started, stopped and started again: `test/hosts/second-start.test.ts`. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freePortRow } from '../support/local-stack.ts'

const mainFile = new URL('../../apps/local/main.ts', import.meta.url).pathname

describe('a wrong start says in one sentence what is wrong and how to mend it', () => {
  const start = (...args: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [mainFile, ...args], { timeout: 20_000 })
    return { status, stderr: stderr.toString().trim() }
  }

  test('a port in use', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'b3iq-e2e-'))
    const port = await freePortRow(6)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(port + 2, '127.0.0.1', () => resolve()))
    const { status, stderr } = start('--data', dataDir, '--port', String(port))
    server.close()
    expect(stderr).toBe(
      `Port ${port + 2} is in use: stop what listens there, or choose others with --port N.`,
    )
    expect(status).toBe(1)
    expect(existsSync(join(dataDir, 'ready.json'))).toBe(false)
    expect(existsSync(join(dataDir, 'lock'))).toBe(false)
    await rm(dataDir, { recursive: true, force: true })
  })

  test('a folder that cannot be written', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'b3iq-e2e-')), 'a-file')
    await writeFile(file, '')
    const { status, stderr } = start('--data', join(file, 'data'))
    expect(stderr).toMatch(
      /^The folder .*data cannot be written \(.*\): choose another with --data DIR\.$/,
    )
    expect(status).toBe(1)
  })

  test.each([
    [['--port', 'many'], /^--port .*\. See npm start -- --help\.$/],
    [['--deadline', '5'], /^--deadline .*\. See npm start -- --help\.$/],
    [['--runtime', 'not a url'], /^--runtime must be an http URL of a runtime\. See/],
    [['--no-such-flag'], /'--no-such-flag'.*See npm start -- --help\.$/],
  ])('%j', (args, sentence) => {
    const { status, stderr } = start(...args)
    expect(stderr).toMatch(sentence)
    expect(stderr.split('\n')).toHaveLength(1)
    expect(status).toBe(1)
  })
})
