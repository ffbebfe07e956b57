import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { approvedHost, enrolledHost, type TestHost } from '../support/test-host.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const boot: Readonly<Record<string, string>> = {
  A: 'aaaaaaaa-0000-4000-8000-000000000000',
  B: 'bbbbbbbb-0000-4000-8000-000000000000',
  C: 'cccccccc-0000-4000-8000-000000000000',
}

/** One beat of each boot in turn, 15 s apart; the codes of the refusals, `ok` for the others. */
async function beats(host: TestHost, turns: string, everyMs = 15_000): Promise<string[]> {
  const codes: string[] = []
  for (const turn of turns) {
    plane.passMs(everyMs)
    const { status, error } = await host.beat({ boot_id: boot[turn] })
    codes.push(status === 200 ? 'ok' : String(error.code))
  }
  return codes
}

const statusOf = async ({ nodeId }: TestHost) => (await plane.fleet.readNode(nodeId))?.status

describe('an identity that beats from two machines', () => {
  test('is suspended at the first beat that goes back to a former boot', async () => {
    const host = await approvedHost(plane)
    expect(await beats(host, 'AABBA')).toEqual(['ok', 'ok', 'ok', 'ok', 'cloned_identity'])
    expect(await plane.fleet.readNode(host.nodeId)).toMatchObject({
      status: 'suspended',
      suspension: { reason: 'cloned_identity', atMs: plane.nowMs() },
    })
    expect((await plane.fleet.readRow(host.nodeId))?.hot).toMatchObject({
      isRevoked: true,
      bootId: boot.B,
    })
  })

  test('is refused under that name from then on, whichever of the two calls and for what', async () => {
    const host = await approvedHost(plane)
    await beats(host, 'ABA')
    const before = (await plane.fleet.readRow(host.nodeId))?.hot
    expect(await beats(host, 'BAC')).toEqual(Array(3).fill('cloned_identity'))
    const refused = { status: 403, error: { code: 'cloned_identity' } }
    expect(await host.send('PUT', 'inventory', host.inventory([]))).toMatchObject(refused)
    expect(await host.send('GET', 'earnings', undefined)).toMatchObject(refused)
    expect((await plane.fleet.readRow(host.nodeId))?.hot).toEqual(before)
  })

  test('is told to the operator, and the fleet judged anew', async () => {
    const host = await approvedHost(plane)
    const before = plane.judgements()
    await beats(host, 'ABA')
    expect(plane.judgements()).toBe(before + 1)
    const { ownerId } = (await plane.fleet.readNode(host.nodeId)) ?? {}
    const line = JSON.stringify({ event: 'cloned_identity', nodeId: host.nodeId, ownerId })
    expect(plane.logLines()).toContain(line)
  })

  test('is suspended before it was approved, too', async () => {
    const host = await enrolledHost(plane)
    expect(await beats(host, 'ABA')).toEqual(['ok', 'ok', 'cloned_identity'])
    expect(await statusOf(host)).toBe('suspended')
  })

  test('serves again once the operator approves it, until the two meet again', async () => {
    const host = await approvedHost(plane)
    await beats(host, 'ABA')
    const { body } = await plane.operate('POST', `/nodes/${host.nodeId}/approve`)
    expect(body).toMatchObject({ status: 'approved', suspension: null })
    expect(await beats(host, 'AAA')).toEqual(['ok', 'ok', 'ok'])
    expect(await beats(host, 'B')).toEqual(['cloned_identity'])
  })
})

describe('an identity on one machine is left in peace', () => {
  test('through any number of restarts', async () => {
    const host = await approvedHost(plane)
    expect(await beats(host, 'ABC')).toEqual(['ok', 'ok', 'ok'])
    expect(await statusOf(host)).toBe('active')
  })

  test('when a former boot is seen again after ten minutes', async () => {
    const host = await approvedHost(plane)
    await beats(host, 'AB')
    expect(await beats(host, 'A', 600_001)).toEqual(['ok'])
  })

  test('when somebody plays back a beat of its former boot', async () => {
    const host = await approvedHost(plane)
    const recorded = host.heartbeat({ boot_id: boot.A })
    await host.send('POST', 'heartbeat', recorded)
    await beats(host, 'B')
    const replay = await host.send('POST', 'heartbeat', recorded)
    expect(replay).toMatchObject({ status: 409, error: { code: 'seq_replay' } })
    expect(await statusOf(host)).toBe('active')
  })

  test('when its clock went backwards over a restart: it hears the last sequence number', async () => {
    const host = await approvedHost(plane)
    await beats(host, 'A')
    const late = await host.beat({ boot_id: boot.B, seq: plane.nowMs() - 60_000 })
    expect(late.error).toMatchObject({ code: 'seq_replay', last_seq: plane.nowMs() })
    expect(await statusOf(host)).toBe('active')
  })
})
