/** Scripted hosts as a benchmark meets them: an enrolled node each, and one run over it alone. */
import { makeDialer } from '../../src/adapters/hosts/dialer.ts'
import { ids, nowMs, random, sleep, startTimer } from '../../src/adapters/system.ts'
import { makeUnpaidDispatch, makeUnpaidDocuments } from '../../src/benchmark/dispatch.ts'
import { makeTicketSigner } from '../../src/dispatch/ticket-signer.ts'
import { documentOrder } from '../../src/gateway/document-orders.ts'
import type { DocumentRequest } from '../../src/protocol/document-request.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import {
  type RunBenchmarksDeps,
  runBenchmarks,
  type UnmeasuredRun,
} from '../../src/schedules/run-benchmarks.ts'
import { type Enrolment, startEnrolledFleet } from '../support/enrolled-fleet.ts'
import type { Script } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import { type ScriptedHost, startScriptedHost } from '../support/scripted-host.ts'
import { smallBudget } from './small-budget.ts'

export type MeasuredHosts = Awaited<ReturnType<typeof startMeasuredHosts>>

export async function startMeasuredHosts() {
  const bench = await startEnrolledFleet()
  const { profiles, ...model } = modelOnSale('maker/model')
  /** A build with this takes images; without, none is sent one. */
  const sell = (image_tokens_max?: number) =>
    bench.catalogue.putModel({
      ...model,
      profiles: profiles.map((profile) => ({ ...profile, image_tokens_max })),
    })
  await sell(100)
  const hosts: ScriptedHost[] = []
  const root = makeSigner(generatePrivateKey())
  const stage = 'test'
  const dialer = makeDialer({ allowsLoopback: true })
  const ticketSigner = makeTicketSigner({ stage, root, ids, nowMs })
  const attempts = { stage, dialer, ticketSigner, ids, nowMs, startTimer }
  const deps = {
    ids,
    nowMs,
    sleep,
    random,
    unpaid: makeUnpaidDispatch(attempts),
    findPaid: async () => undefined,
    unpaidDocuments: makeUnpaidDocuments({ ...attempts, hostBody: documentBody }),
    findPaidDocuments: async () => undefined,
    catalogue: bench.catalogue,
    readIncidents: async () => [],
    budget: smallBudget,
  }

  async function rowOf(nodeId: string) {
    const row = await bench.fleet.readRow(nodeId)
    if (row === undefined) throw new Error('no such node')
    return row
  }

  return {
    bench,
    deps,
    rowOf,
    sell,
    enrolled: async (script: Script, changes: Enrolment = {}): Promise<ScriptedHost> => {
      const host = await startScriptedHost()
      host.always(script)
      hosts.push(host)
      const { nodeId, publicKey, url } = host
      const route = { kind: 'direct', url, epoch: 1 } as const
      await bench.enrol({
        benchmark: 'none',
        ...changes,
        node: { nodeId, publicKey, route, ...changes.node },
      })
      return host
    },
    /** One run of the schedule over this host's node alone. */
    run: async ({ nodeId }: ScriptedHost, changes: Partial<RunBenchmarksDeps> = {}) => {
      const unmeasured: UnmeasuredRun[] = []
      const report = await runBenchmarks({
        ...deps,
        fleet: {
          async *rows() {
            yield await rowOf(nodeId)
          },
          writeBenchmark: bench.fleet.writeBenchmark,
          changeBenchmarkRuns: bench.fleet.changeBenchmarkRuns,
        },
        onUnmeasured: (run) => void unmeasured.push(run),
        ...changes,
      })
      const [profile] = (await rowOf(nodeId)).profiles
      if (profile === undefined) throw new Error('the node has a profile')
      return { report, profile, benchmark: profile.benchmark, unmeasured }
    },
    stop: async () => {
      await Promise.all(hosts.map((host) => host.stop()))
      await bench.stop()
    },
  }
}

async function documentBody(request: DocumentRequest, model: string) {
  const order = documentOrder(request)
  if (!order.ok) throw new Error(`a benchmark asked what cannot be asked: ${order.error.message}`)
  return order.value.hostBody(model)
}
