/**
 * Restarts a runtime where its owner named the systemd unit that runs it. The unit's name comes from
 * the owner's config alone; a job names only the runtime.
 */
import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { JobArgs } from '../../../src/protocol/job.ts'
import type { Ground, Outcome, Run } from './ground.ts'

const commandTimeoutMs = 90_000
const pollEveryMs = 1_000

const execute = promisify(execFile)

export async function restartRuntime(
  { runtime_id }: JobArgs<'runtime.restart'>,
  ground: Ground,
  { signal }: Run,
): Promise<Outcome> {
  const runtime = ground.runtimes().find(({ id }) => id === runtime_id)
  if (runtime === undefined) return { kind: 'rejected', reason: 'no_such_runtime' }
  if (runtime.service === undefined) return { kind: 'rejected', reason: 'no_service_configured' }
  try {
    await execute(ground.serviceCommand, ['restart', '--', runtime.service], {
      timeout: commandTimeoutMs,
      maxBuffer: 64 * 1024,
      windowsHide: true,
      signal,
    })
  } catch {
    return { kind: 'failed', reason: 'restart_failed' }
  }
  while (!signal.aborted) {
    await ground.poll()
    const isBack = ground.runtimes().some(({ id, reachable }) => id === runtime_id && reachable)
    if (isBack) return { kind: 'succeeded', output: { runtime_id, reachable: true } }
    await delay(pollEveryMs, undefined, { signal }).catch(() => undefined)
  }
  return { kind: 'failed', reason: 'runtime_not_back' }
}
