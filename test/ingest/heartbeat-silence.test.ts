// What a silence means for the node that returns from it, as the eligibility in the reply tells it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HeartbeatReply } from '../../src/protocol/heartbeat.ts'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  startControlPlane,
} from '../support/control-plane.ts'
import { approvedHost, installedModel, type TestHost } from '../support/test-host.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
  await plane.operate('PUT', '/models', catalogueModel('maker/small', [digestOf('a')]))
})
afterAll(() => plane.stop())

const minute = 60_000

/** A host with a profile that has beaten twice, so that nothing of its past is in its way. */
async function steadyHost(): Promise<TestHost> {
  const host = await approvedHost(plane)
  await host.offer([installedModel(digestOf('a'))])
  await beatAfter(host, 15_000)
  return host
}

/** The codes that keep the profile's gate 1 shut. */
async function beatAfter(host: TestHost, pauseMs: number, changes: object = {}) {
  plane.passMs(pauseMs)
  const { eligibility } = HeartbeatReply.parse((await host.beat(changes)).body)
  const blockers = eligibility.flatMap((one) => one.blockers)
  return blockers.filter(({ gate }) => gate === 'fresh').map(({ code }) => code)
}

describe('a node that returns', () => {
  test('serves again with its second beat', async () => {
    const host = await steadyHost()
    expect(await beatAfter(host, minute)).toEqual([])
    expect(await beatAfter(host, minute + 1)).toEqual(['just_returned'])
    expect(await beatAfter(host, 15_000)).toEqual([])
  })

  test('three times within ten minutes rests, and is told so', async () => {
    const host = await steadyHost()
    for (let times = 0; times < 2; times += 1) {
      expect(await beatAfter(host, 90_000)).toEqual(['just_returned'])
      expect(await beatAfter(host, 15_000)).toEqual([])
    }
    expect(await beatAfter(host, 90_000)).toEqual(['just_returned', 'cooling_down'])
    expect(await beatAfter(host, 15_000)).toEqual(['cooling_down'])
    plane.passMs(45_000)
    await host.beat()
    plane.passMs(45_000)
    await host.beat()
    expect(await beatAfter(host, 15_000)).toEqual([])
  })

  test('from a mode in which it beats each minute has not been silent', async () => {
    const host = await steadyHost()
    for (let beats = 0; beats < 6; beats += 1) await beatAfter(host, 66_000, { mode: 'managed' })
    const hot = (await plane.fleet.readRow(host.nodeId))?.hot
    // The first of them ended a silence of the mode before.
    expect(hot?.steadiness.returnsAtMs).toHaveLength(1)
    expect(await beatAfter(host, 66_000)).toEqual([])
  })

  test('from a silence that was our own fault goes on as if there had been none', async () => {
    const host = await steadyHost()
    const fromMs = plane.nowMs() + minute
    await plane.fleet.grantGrace({ fromMs, untilMs: fromMs + 5 * minute })
    expect(await beatAfter(host, 4 * minute)).toEqual([])
  })
})
