/**
 * Against a server that does what ours must not, so that a test of ours that passes is known to be able to
 * fail: here is what the adapter and a freeze make of it.
 */
import { once } from 'node:events'
import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../support/embedded-dynamodb.ts'
import { lagMs } from './between-invocations.ts'
import { adapterNoise } from './failures.ts'
import { openAdapterSandbox, type Sandbox } from './sandbox.ts'
import { urlEvent } from './url-event.ts'
import { openWire } from './wire.ts'

const server = join(import.meta.dirname, 'careless-server.mjs')

export function describeCareless(): void {
  let folder: string
  let sandbox: Sandbox
  let lateFile: string
  let told = 0
  const listener = createServer((_request, response) => {
    told += 1
    response.end()
  })
  let wire: Awaited<ReturnType<typeof openWire>>

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'b3iq-careless-'))
    lateFile = join(folder, 'late')
    writeFileSync(join(folder, 'run.sh'), `#!/bin/sh\nexec node ${server}\n`)
    chmodSync(join(folder, 'run.sh'), 0o755)
    const port = await freePort()
    listener.listen(port, '127.0.0.1')
    await once(listener, 'listening')
    wire = await openWire(() => port)
    const variables = {
      TOLD_URL: wire.url,
      AWS_LWA_INVOKE_MODE: 'response_stream',
      AWS_LWA_PORT: String(await freePort()),
      AWS_LWA_READINESS_CHECK_PATH: '/healthz',
      LATE_FILE: lateFile,
    }
    sandbox = await openAdapterSandbox({ folder, variables, timeoutSec: 60, wire })
    await sandbox.api.ready()
  })
  afterAll(async () => {
    await sandbox?.stop()
    await wire?.stop()
    listener.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('work after the answer stands still until the next invocation', async () => {
    const bytesWritten = async () => {
      // What was under way in the kernel may still end.
      await delay(100)
      return existsSync(lateFile) ? statSync(lateFile).size : 0
    }
    const invocation = await sandbox.invoke(urlEvent({ path: '/late' }))
    expect(await invocation.ended()).toMatchObject({ kind: 'answered' })
    const atTheEnd = await bytesWritten()
    expect(await bytesWritten()).toBe(atTheEnd)
    await sandbox.api.rest()
    const atRest = await bytesWritten()
    expect(await bytesWritten()).toBe(atRest)
    await (await sandbox.invoke(urlEvent({ path: '/healthz' }))).ended()
    sandbox.thaw()
    await expect.poll(bytesWritten, { timeout: 10_000 }).toBeGreaterThan(atRest)
  })

  test('what is sent right after the answer arrives only when the next invocation runs', async () => {
    wire.lag(lagMs)
    const invocation = await sandbox.invoke(urlEvent({ path: '/told' }))
    expect(await invocation.ended()).toMatchObject({ kind: 'answered' })
    await delay(2 * lagMs)
    expect(told).toBe(0)
    await (await sandbox.invoke(urlEvent({ path: '/healthz' }))).ended()
    sandbox.thaw()
    await expect.poll(() => told, { timeout: 10_000 }).toBe(1)
  })

  test('an answer that breaks off gets words of the adapter into its text', async () => {
    const invocation = await sandbox.invoke(urlEvent({ path: '/broken' }))
    expect(await invocation.ended()).toMatchObject({ kind: 'answered' })
    expect(invocation.body()).toMatch(/^half of it/)
    expect(invocation.body()).toContain(adapterNoise)
  })

  test('path and query arrive as they were written', async () => {
    const path = '/url/maker%2Fmodel%20b'
    const query = 'a=b%2Bc&a=d%20e&empty=&sign=%26'
    const invocation = await sandbox.invoke(urlEvent({ path, query }))
    await invocation.ended()
    expect(invocation.body()).toBe(`${path}?${query}`)
  })

  test('a context that the caller sent is replaced by the true one', async () => {
    const headers = { 'x-amzn-request-context': '{"forged":true}' }
    const invocation = await sandbox.invoke(urlEvent({ path: '/context', headers }))
    await invocation.ended()
    expect(JSON.parse(invocation.body())).toMatchObject({
      accountId: 'anonymous',
      http: { sourceIp: '198.51.100.7' },
    })
  })
}
