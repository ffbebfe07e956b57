import { describe, expect, test } from 'vitest'
import { makeAdmission } from '../../src/ingest/admission.ts'
import { ok } from '../../src/protocol/result.ts'
import { startControlPlane } from '../support/control-plane.ts'
import { approvedHost } from '../support/test-host.ts'

const never = () => new Promise<never>(() => undefined)

describe('requests in progress', () => {
  test('are as many as there is room for; the next is sent away before it is begun', async () => {
    const admit = makeAdmission(2, () => 0)
    void admit(never)
    void admit(never)
    let isBegun = false
    const result = await admit(async () => {
      isBegun = true
      return ok(1)
    })
    expect(result).toEqual({ ok: false, error: { code: 'ingest_busy', retryAfterSec: 1 } })
    expect(isBegun).toBe(false)
  })

  test('make room when they end, also by a fault', async () => {
    const admit = makeAdmission(1, () => 0)
    expect(await admit(async () => ok(1))).toEqual(ok(1))
    await expect(admit(() => Promise.reject(new Error('fault')))).rejects.toThrow('fault')
    expect(await admit(async () => ok(2))).toEqual(ok(2))
  })

  test.each([
    [0, 1],
    [0.5, 8],
    [0.999, 15],
  ])('with the die at %d wait %i s', async (die, retryAfterSec) => {
    const admit = makeAdmission(0, () => die)
    expect(await admit(never)).toMatchObject({ error: { retryAfterSec } })
  })
})

test('beyond 64 of one ingest, hosts hear when to come back, and nothing is read', async () => {
  const plane = await startControlPlane()
  try {
    const host = await approvedHost(plane)
    let reads = 0
    const readRow = () => {
      reads += 1
      return never()
    }
    const stuck = { ...plane.fleet, readRow }
    const app = plane.ingestOf({ fleet: stuck, random: () => 0.5 })
    const held = Array.from({ length: 64 }, () => host.beat({}, { app }))
    void Promise.allSettled(held)
    await expect.poll(() => reads).toBe(64)
    const reply = await host.beat({}, { app })
    expect(reply).toMatchObject({ status: 503, error: { code: 'ingest_busy', retryable: true } })
    expect(reply.headers.get('retry-after')).toBe('8')
    expect(reads).toBe(64)
  } finally {
    await plane.stop()
  }
})
