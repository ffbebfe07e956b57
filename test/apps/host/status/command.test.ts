import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeSmi } from '../../../../apps/host/gpu/smi.ts'
import { writeState } from '../../../../apps/host/state-file.ts'
import { lookAround } from '../../../../apps/host/status/look.ts'
import { status } from '../../../../apps/host/status.ts'
import { enrolledState, profile, soonAfterMs } from '../support/enrolled-state.ts'
import { startFakeRuntime } from '../support/fake-runtime.ts'
import { fakeSmi } from '../support/fake-smi.ts'
import { writeHostConfig } from '../support/host-config-file.ts'
import { ollama } from '../support/surfaces.ts'

async function openHost() {
  const runtime = await startFakeRuntime({ surface: ollama })
  onTestFinished(runtime.close)
  const runtimes = [{ id: 'rt1', url: runtime.url }]
  const { folder, configPath } = await writeHostConfig({ runtimes })
  return { configPath, runtimes, stateFile: join(folder, 'state.json') }
}

describe('the command', () => {
  it('ends with 0 for a node that earns, and shows its runtimes', async () => {
    const { configPath, stateFile } = await openHost()
    await writeState(stateFile, { ...enrolledState, eligibility: [profile('a@q8')] })
    const printed = await status({ configPath, json: false, nowMs: soonAfterMs })
    expect(printed.exitCode).toBe(0)
    expect(printed.text).toContain('Earning with 1 of 1 profile.')
    expect(printed.text).toMatch(/rt1 +ollama +0\.33\.0 +ok/)
  })

  it('ends with 2 for a host that is not enrolled, as JSON for programs', async () => {
    const { configPath } = await openHost()
    const args = ['apps/host/main.ts', 'status', '--config', configPath, '--json']
    const child = spawn(process.execPath, args)
    const [out, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'close')])
    expect(exitCode).toBe(2)
    expect(JSON.parse(out)).toMatchObject({
      answer: 'not_enrolled',
      node: null,
      runtimes: [{ id: 'rt1', kind: 'ollama', loaded: ['qwen3:0.6b'] }],
    })
  })
})

it('one look sees runtimes and GPUs', async () => {
  const { runtimes } = await openHost()
  const { command } = await fakeSmi()
  const limits = { max_concurrency: 3, paid_enabled: true }
  const config = {
    runtimes,
    owner_limits: { ...limits, pause_when_gpu_used: false, agent_update: 'auto' as const },
  }
  const { runtimes: reports, gpus } = await lookAround(
    config,
    { hashed_files: [] },
    makeSmi(command),
  )
  expect(reports).toMatchObject([{ id: 'rt1', reachable: true, queue: { capacity: 3 } }])
  expect(gpus).toMatchObject([{ util_pct: 71 }])
})
