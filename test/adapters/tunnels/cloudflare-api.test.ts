import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { sleep } from '../../../src/adapters/system.ts'
import { type ApiCall, makeCloudflareApi } from '../../../src/adapters/tunnels/cloudflare-api.ts'
import { cloudflare, type Fault, startFakeCloudflare } from '../../support/fake-cloudflare.ts'

let api: Awaited<ReturnType<typeof startFakeCloudflare>>
beforeEach(async () => {
  api = await startFakeCloudflare()
})
afterEach(() => api.stop())

const listTunnels = (changes: Partial<ApiCall<unknown[]>> = {}): ApiCall<unknown[]> => ({
  step: 'list the tunnels',
  method: 'GET',
  path: `/accounts/${cloudflare.accountId}/cfd_tunnel`,
  result: z.array(z.unknown()),
  signal: AbortSignal.timeout(10_000),
  ...changes,
})

const callWith = (wait: typeof sleep = () => sleep(1)) =>
  makeCloudflareApi({ baseUrl: api.baseUrl, token: cloudflare.apiToken, sleep: wait })

test('a reply is its result', async () => {
  expect(await callWith()(listTunnels())).toEqual({ ok: true, result: [] })
})

test('a refusal is a value with its codes, after one try', async () => {
  const path = `/accounts/${cloudflare.accountId}/cfd_tunnel/unknown`
  expect(await callWith()(listTunnels({ path }))).toEqual({
    ok: false,
    status: 404,
    codes: [1003],
    why: 'status 404; 1003 Tunnel not found.',
  })
  expect(api.calls).toHaveLength(1)
})

test('a result of another shape is an error that names the field', async () => {
  const result = z.array(z.unknown()).min(1)
  await expect(callWith()(listTunnels({ result }))).rejects.toThrow(
    'Cloudflare did not list the tunnels: its result is not valid at "".',
  )
})

describe('the time of the whole operation', () => {
  test('bounds a call that is not answered', async () => {
    api.breaks('GET tunnels', { kind: 'silent', times: 9 })
    const signal = AbortSignal.timeout(80)
    await expect(callWith()(listTunnels({ signal }))).rejects.toThrow(
      'Cloudflare did not list the tunnels: time was up.',
    )
    expect(api.calls.length).toBeLessThan(2)
  })

  test('bounds the waits between tries', async () => {
    api.breaks('GET tunnels', { kind: { status: 503, retryAfterSec: 4 }, times: 9 })
    const signal = AbortSignal.timeout(80)
    await expect(callWith(sleep)(listTunnels({ signal }))).rejects.toThrow('time was up')
    expect(api.calls.length).toBeLessThan(2)
  })
})

test.each(['elsewhere', 'endless', 'request lost'] satisfies Fault['kind'][])(
  'a reply that is %s is tried four times and no more',
  async (kind) => {
    api.breaks('GET tunnels', { kind, times: 9 })
    await expect(callWith()(listTunnels())).rejects.toThrow(/: no answer \(\w+\), 4 times\.$/)
    expect(api.calls).toEqual(Array(4).fill('GET tunnels'))
  },
)
