// Three starts in one folder: what is kept, what begins anew, and that nothing stays behind.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { schedules } from '../../src/names.ts'
import { readAccount, startLocalStack } from '../support/local-stack.ts'
import { chat } from './stack-asks.ts'

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
    expect((await chat(first, { maxTokens: 8 })).status).toBe(200)
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
