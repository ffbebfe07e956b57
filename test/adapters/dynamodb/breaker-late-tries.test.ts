// A try of a breaker's write that arrives when the world has moved on: it neither counts twice, nor
// opens or closes what has changed since.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeBreakerStore } from '../../../src/adapters/dynamodb/breaker-store.ts'
import { makeDatabase } from '../../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../../src/adapters/dynamodb/fleet-store.ts'
import { ids } from '../../../src/adapters/system.ts'
import type { Breaker } from '../../../src/fleet/node.ts'
import type { BreakerStore, ServedProfile } from '../../../src/routing/ports.ts'
import { startPatientDynamodb } from '../../faults/write-case.ts'
import type { EmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { isWrite, startFaultProxy } from '../../support/fault-proxy.ts'
import { aBeat, aNode, nowMs } from './facts.ts'

type Act = (breakers: ReturnType<typeof makeBreakerStore>, at: ServedProfile) => Promise<unknown>

let engine: EmbeddedDynamodb
beforeAll(async () => {
  engine = await startPatientDynamodb()
})
afterAll(() => engine.stop())

const profileId = 'maker/model@q8'
const minute = 60_000
const freeMs = nowMs + 30_000

/** `given` failures, a write whose first try is late, then what others do: which that try leaves. */
async function unchangedBy(given: number, act: Act, then: Act): Promise<Breaker | undefined> {
  const { nodeId } = aNode()
  const at = { nodeId, profileId }
  const fleet = makeFleetStore(engine)
  const direct = makeBreakerStore(engine, { ids })
  const read = async () => (await fleet.readHotItems([nodeId])).get(nodeId)?.breakers[profileId]
  await fleet.recordBeat(aBeat(nodeId))
  for (let time = 0; time < given; time += 1) await direct.countFailure(at, nowMs)
  const proxy = await startFaultProxy(engine.endpoint)
  const wired = makeDatabase({ tables: engine.tables, endpoint: proxy.endpoint })
  try {
    proxy.plan({ fault: { kind: 'late' }, on: isWrite })
    await act(makeBreakerStore(wired, { ids }), at)
    await then(direct, at)
    const before = await read()
    await proxy.release()
    expect(proxy.count('late')).toBe(1)
    expect(await read()).toEqual(before)
    return before
  } finally {
    wired.close()
    await proxy.stop()
  }
}

async function trialOf(breakers: BreakerStore, at: ServedProfile): Promise<string> {
  const trialId = await breakers.takeTrial(at, freeMs)
  if (trialId === undefined) throw new Error('the trial was refused')
  return trialId
}

describe('a late try', () => {
  test('of a failure does not count again, in its window or in the next', async () => {
    const failure: Act = (breakers, at) => breakers.countFailure(at, nowMs)
    const inWindow = await unchangedBy(1, failure, failure)
    expect(inWindow).toMatchObject({ failures: 3 })
    const inNext = await unchangedBy(1, failure, (breakers, at) =>
      breakers.countFailure(at, nowMs + minute),
    )
    expect(inNext).toMatchObject({ failures: 1, fromMs: nowMs + minute })
  })

  test('of an opening does not open what a trial has closed', async () => {
    const closed = await unchangedBy(
      4,
      (breakers, at) => breakers.countFailure(at, nowMs),
      async (breakers, at) => {
        await breakers.close(at, await trialOf(breakers, at))
        await breakers.countFailure(at, freeMs)
      },
    )
    expect(closed).toMatchObject({ failures: 1, opens: 0 })
  })

  test('of a trial takes none from a breaker that opened again', async () => {
    const again = await unchangedBy(
      5,
      (breakers, at) => breakers.takeTrial(at, freeMs),
      (breakers, at) => breakers.countFailure(at, freeMs + 1),
    )
    expect(again).toMatchObject({ opens: 2, trialUntilMs: 0 })
  })

  test('of a close does not close what opened since', async () => {
    const open = await unchangedBy(
      5,
      async (breakers, at) => {
        // Through the store of others, so that the late write is the close.
        const direct = makeBreakerStore(engine, { ids })
        await breakers.close(at, await trialOf(direct, at))
      },
      async (breakers, at) => {
        for (let time = 0; time < 5; time += 1) await breakers.countFailure(at, freeMs + 1)
      },
    )
    expect(open).toMatchObject({ failures: 5, opens: 1 })
  })
})
