/**
 * The gateway as it is deployed, wired by its own composition and with its own rights, over the embedded
 * engine and a meter that tells round trips apart. A gateway is cold when it has been made anew.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Hono } from 'hono'
import { composeGateway } from '../../../functions/compose/gateway.ts'
import { makeGatewayApp } from '../../../src/gateway/app.ts'
import { neverCancelled } from '../../../src/gateway/cancel-watch.ts'
import type { SurfaceEnv } from '../../../src/http/surface.ts'
import { startGatewayBench } from '../../../test/support/gateway-bench.ts'
import type { Script } from '../../../test/support/host-answers.ts'
import { sleepShortened } from '../../../test/support/sleep-shortened.ts'
import { stageEnvironment } from '../../../test/support/stage-environment.ts'
import { type Call, type Meter, startMeter } from '../../cost/meter.ts'
import { makeRoundTrips } from './round-trips.ts'

export type Gateway = Hono<SurfaceEnv>
export type Stand = Awaited<ReturnType<typeof startStand>>

/** A cancel that waits for its request looks for the decision so often; here it does not wait that long. */
const cancelLookEveryMs = 200

export type Use = {
  readonly calls: readonly Call[]
  /** Until the host was dialled; all of them where none was. */
  readonly roundTripsToDial: number
  readonly roundTrips: number
}

export async function startStand() {
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-database-'))
  const bench = await startGatewayBench()
  const roundTrips = makeRoundTrips()
  const meter = await startMeter(bench.endpoint, { roundTrip: roundTrips.join })
  const metered = { ...bench, endpoint: meter.endpoint }
  const env = await stageEnvironment(metered, { stage: 'local', folder })
  let dialledAt: number | undefined

  return {
    bench,
    env,
    /** For what has to be there before something is measured. */
    unmetered: makeGatewayApp({ ...bench.deps, watchCancel: neverCancelled }),
    newGateway: async (): Promise<Gateway> =>
      makeGatewayApp({
        ...(await composeGateway(env)),
        log: () => undefined,
        countRequest: () => undefined,
        // A process asks for cancellations every 750 ms, for all its requests at once: by the clock, not by request.
        watchCancel: neverCancelled,
        sleep: sleepShortened({ [cancelLookEveryMs]: 1 }),
      }),
    /** The script, and the moment at which a host is first asked. */
    noted:
      (script: Script): Script =>
      (turn) => {
        dialledAt ??= roundTrips.count()
        return script(turn)
      },
    /** What `act` uses of the database. Nothing else may use it meanwhile. */
    use: async (act: () => Promise<unknown>): Promise<Use> => {
      begin({ meter, roundTrips })
      dialledAt = undefined
      await act()
      const count = roundTrips.count()
      return {
        calls: meter.takeCalls(),
        roundTripsToDial: dialledAt ?? count,
        roundTrips: count,
      }
    },
    stop: async () => {
      meter.stop()
      await bench.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function begin(of: { readonly meter: Meter; readonly roundTrips: { readonly reset: () => void } }) {
  of.meter.takeCalls()
  of.roundTrips.reset()
}
