/** Starting, stopping, starting again, and being started wrongly. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { schedules } from '../../src/names.ts'
import { freePortRow, readAccount, startLocalStack } from '../support/local-stack.ts'

const mainFile = new URL('../../apps/local/main.ts', import.meta.url).pathname

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('a second start keeps key and balance, --fresh begins anew, Ctrl-C leaves nothing running', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'b3iq-e2e-'))
  try {
    const first = await startLocalStack([], dataDir)
    await fetch(`${first.ready.gatewayUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${first.customerKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: first.ready.model,
        messages: [{ role: 'user', content: 'Hello' }],
        max_tokens: 8,
      }),
    })
    const spent = await readAccount(first, first.customerKey)
    expect(spent.spent_usd).not.toBe('0')
    await first.stop()
    const { pid, gatewayPid, hostPid } = first.ready
    expect([pid, gatewayPid, hostPid].filter(isRunning)).toEqual([])

    const second = await startLocalStack([], dataDir)
    expect(second.customerKey).toBe(first.customerKey)
    expect(await readAccount(second, second.customerKey)).toEqual(spent)
    const log = await readFile(join(dataDir, 'logs', 'control-plane.log'), 'utf8')
    for (const schedule of Object.keys(schedules)) {
      expect(log).toContain(`{"event":"schedule_ran","schedule":"${schedule}"`)
    }
    // The audit at the second start has proven what the first one spent, and no metric is in the way.
    expect(log).not.toMatch(/ledger_discrepancy|reconcile_failed|"_aws"/)
    await second.stop()

    const third = await startLocalStack(['--fresh'], dataDir)
    expect(third.customerKey).not.toBe(first.customerKey)
    expect(await readAccount(third, third.customerKey)).toMatchObject({ spent_usd: '0' })
    await third.stop()
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}, 240_000)

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
