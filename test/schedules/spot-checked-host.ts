/** A node that earns, a reference for what it serves, and a platform that can pay for checks. */
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import { makeSpotCheckStore } from '../../src/adapters/dynamodb/spot-check-store.ts'
import { ids, nowMs } from '../../src/adapters/system.ts'
import type { NodeProfile } from '../../src/fleet/node.ts'
import { makeAskOneHost } from '../../src/gateway/ask-one-host.ts'
import { type RunSpotChecksDeps, runSpotChecks } from '../../src/schedules/run-spot-checks.ts'
import type { TopToken } from '../../src/spot-checks/compare.ts'
import { aReference, asLogprobs } from '../spot-checks/facts.ts'
import { type Enrolment, fleetOver } from '../support/enrolled-fleet.ts'
import type { Customer, GatewayBench } from '../support/gateway-bench.ts'
import { answers, counts, finishes, type Script, says } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import type { ScriptedHost } from '../support/scripted-host.ts'

/** An answer whose first token has these beside it. */
export const shows = (top: readonly TopToken[]): Script => {
  const first = { index: 0, delta: { content: ' The' }, finish_reason: null }
  const frames = [{ choices: [{ ...first, logprobs: asLogprobs(top) }] }, says(' end')]
  return answers({ frames: [...frames, finishes('length'), counts(9, 2)] })
}

export type SpotCheckBench = Awaited<ReturnType<typeof spotCheckBench>>

export async function spotCheckBench(bench: GatewayBench) {
  const { database, fleet } = bench
  const over = fleetOver(database)
  const store = makeSpotCheckStore(database)
  const catalogue = makeCatalogueStore(database)
  await catalogue.putModel(modelOnSale('maker/model'))
  await store.putReference(aReference({ runtime_version: '0.11.2' }))
  const judged: object[] = []

  const rowOf = async (nodeId: string) => {
    const row = await fleet.readRow(nodeId)
    if (row === undefined) throw new Error('no such node')
    return row
  }

  return {
    ...over,
    store,
    catalogue,
    judged,
    rowOf,
    profileOf: async ({ nodeId }: ScriptedHost): Promise<NodeProfile> => {
      const [profile] = (await rowOf(nodeId)).profiles
      if (profile === undefined) throw new Error('no profile')
      return profile
    },
    /** Pays for checks from here on. */
    platform: async (balanceUsd = '10'): Promise<Customer> => {
      const customer = await bench.customer({ balanceUsd })
      await store.writePlatformAccount(customer.key.accountId)
      return customer
    },
    host: async (script: Script, changes: Enrolment = {}): Promise<ScriptedHost> => {
      const host = await bench.newHost()
      host.always(script)
      const { nodeId, publicKey, url } = host
      const route = { kind: 'direct', url, epoch: 1 } as const
      await over.enrol({ ...changes, node: { nodeId, publicKey, route, ...changes.node } })
      return host
    },
    /** Whatever was checked is due again. */
    hourLater: async ({ nodeId }: ScriptedHost): Promise<void> => {
      for (const [profileId, { sampling, version }] of await store.readSamplings(nodeId)) {
        const change = { sampling: { ...sampling, checkedAtMs: 0 }, fromVersion: version }
        await store.writeSampling({ nodeId, profileId }, change)
      }
    },
    /** One run over these hosts' nodes alone. */
    run: (hosts: readonly ScriptedHost[], changes: Partial<RunSpotChecksDeps> = {}) =>
      runSpotChecks({
        store,
        catalogue,
        keys: bench.keys,
        fleet: {
          readFleetState: fleet.readFleetState,
          async *rows() {
            for (const { nodeId } of hosts) yield await rowOf(nodeId)
          },
        },
        ask: makeAskOneHost(bench.deps),
        onJudged: async (one) => void judged.push(one),
        nowMs,
        ids,
        random: () => 0,
        ...changes,
      }),
  }
}
