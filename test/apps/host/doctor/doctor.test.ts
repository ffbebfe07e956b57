// The whole examination, against a real agent's proxy, runtime and ingest.
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { doctor, examine } from '../../../../apps/host/doctor.ts'
import { enroll } from '../../../../apps/host/enroll.ts'
import { loadNodeKey } from '../../../../apps/host/node-key.ts'
import type { ApiError } from '../../../../src/protocol/errors.ts'
import { startFakeIngest } from '../support/fake-ingest.ts'
import { startFakeRuntime } from '../support/fake-runtime.ts'
import { startProxy } from '../support/proxy.ts'
import { ollama } from '../support/surfaces.ts'

async function openHost(refuse?: (call: string) => ApiError | undefined) {
  const runtime = await startFakeRuntime({ surface: ollama })
  const ingest = await startFakeIngest(refuse === undefined ? {} : { refuse })
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-doctor-'))
  const configPath = join(folder, 'host.json')
  const configure = (change: object) =>
    writeFile(
      configPath,
      JSON.stringify({
        key_file: 'node.key',
        state_file: 'state.json',
        listen: { host: '127.0.0.1', port: 0 },
        route: { kind: 'direct', url: 'http://127.0.0.1:1' },
        mode: 'network',
        owner_limits: { max_concurrency: 1, paid_enabled: true },
        runtimes: [{ id: 'rt1', url: runtime.url }],
        ...change,
      }),
    )
  await configure({})
  onTestFinished(async () => {
    await ingest.close()
    await runtime.close().catch(() => undefined)
  })
  const enrol = () =>
    enroll({ configPath, code: `b3iq-join-${'c'.repeat(22)}`, ingestUrl: ingest.url })
  /** The agent as the world sees it. */
  const serve = async () => {
    const node = await loadNodeKey(join(folder, 'node.key'))
    if (node === undefined) throw new Error('the host has no key yet')
    const proxy = await startProxy({ node, runtimeUrl: runtime.url })
    onTestFinished(proxy.close)
    const listen = { host: '127.0.0.1', port: Number(new URL(proxy.url).port) }
    await configure({ listen, route: { kind: 'direct', url: proxy.url } })
  }
  const verdicts = async () => {
    const checks = await examine(configPath, Date.now())
    return Object.fromEntries(checks.map(({ name, verdict }) => [name, verdict]))
  }
  return { runtime, ingest, folder, configPath, enrol, serve, configure, verdicts }
}

/** What does not depend on the machine that the test runs on. */
const well = {
  config: 'ok',
  key: 'ok',
  enrolment: 'ok',
  ingest: 'ok',
  approval: 'ok',
  'operator keys': 'skipped',
  'runtime rt1': 'ok',
  tunnel: 'skipped',
  port: 'ok',
  route: 'ok',
}

it('a host in order has nothing that blocks it', async () => {
  const host = await openHost()
  await host.enrol()
  await host.serve()
  expect(await host.verdicts()).toMatchObject(well)
  const printed = await doctor({ configPath: host.configPath, json: true, nowMs: Date.now() })
  expect(JSON.parse(printed.text)).toMatchObject({ ok: true })
  expect(printed.exitCode).toBe(0)
})

it('a host before its enrolment is told to enrol, and what else is missing', async () => {
  const host = await openHost()
  await host.runtime.close()
  expect(await host.verdicts()).toMatchObject({
    key: 'blocked',
    enrolment: 'blocked',
    'runtime rt1': 'blocked',
    port: 'ok',
  })
  const printed = await doctor({ configPath: host.configPath, json: false, nowMs: Date.now() })
  expect(printed.exitCode).toBe(1)
  expect(printed.text).toContain('✗  key')
})

it('a node that waits for approval, and whose agent does not run', async () => {
  const host = await openHost((call) =>
    call.endsWith('/earnings') ? { code: 'pending_approval' } : undefined,
  )
  await host.enrol()
  expect(await host.verdicts()).toEqual({
    ...well,
    disk: expect.any(String),
    gpu: expect.any(String),
    approval: 'blocked',
    route: 'skipped',
  })
})

it('a key that others may read', async () => {
  const host = await openHost()
  await host.enrol()
  await chmod(join(host.folder, 'node.key'), 0o644)
  expect(await host.verdicts()).toMatchObject({ key: 'blocked' })
})

it('a config with an error is all that is told', async () => {
  const host = await openHost()
  await host.configure({ mode: 'fast' })
  expect(await host.verdicts()).toEqual({ config: 'blocked' })
})

it('changes nothing', async () => {
  const host = await openHost()
  await host.enrol()
  const state = () => readFile(join(host.folder, 'state.json'), 'utf8')
  const before = await state()
  await host.verdicts()
  expect(await state()).toBe(before)
})
