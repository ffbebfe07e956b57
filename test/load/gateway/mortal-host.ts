/**
 * A host that can fail: the agent's own proxy, with a key of its own, before a scripted engine. Each word of
 * the engine ends in the host's mark, so that a reply tells who wrote it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { NodeKey } from '../../../apps/host/node-key.ts'
import { makeCancel } from '../../../apps/host/proxy/cancel.ts'
import { makeCounters } from '../../../apps/host/proxy/counters.ts'
import { makeDispatch } from '../../../apps/host/proxy/dispatch.ts'
import { makeRouteProbe } from '../../../apps/host/proxy/route-probe.ts'
import { makeRunning } from '../../../apps/host/proxy/running.ts'
import { runtimeTimeouts } from '../../../apps/host/proxy/runtime-request.ts'
import { type ProxyServer, startProxyServer } from '../../../apps/host/proxy/server.ts'
import { makeSlots } from '../../../apps/host/proxy/slots.ts'
import { startEngineServer } from '../../../apps/local/engine/engine-server.ts'
import { absurd } from '../../../src/protocol/assert.ts'
import { generatePrivateKey, makeSigner } from '../../../src/protocol/ed25519.ts'
import { nodeIdOf } from '../../../src/protocol/node-identity.ts'
import type { Fault } from './fault-plan.ts'
import { type Gate, makeGate, markedEngine } from './marked-engine.ts'
import { runtimeOfHosts } from './sold-model.ts'

/** Ends with its process. */
export type MortalHost = {
  readonly node: NodeKey
  readonly url: string
  readonly inFlight: () => number
  /** Whether its agent is alive enough to beat. */
  readonly beats: () => boolean
  /** Resolves when the host is well again. */
  readonly suffer: (fault: Pick<Fault, 'kind' | 'durationMs'>) => Promise<void>
}

/** Below the range from which systems take the ports of outgoing connections, to be had again. */
const ports = { first: 20_000, count: 12_000 }
const listenTriesMax = 20
const relistenEveryMs = 250

export async function startMortalHost(options: {
  /** One character. */
  readonly mark: string
  readonly slots: number
  readonly tokenDelayMs: number
  readonly stage: string
  readonly rootPublicKeys: readonly string[]
  readonly onFault: (event: string) => void
}): Promise<MortalHost> {
  const signer = makeSigner(generatePrivateKey())
  const node = { nodeId: nodeIdOf(signer.publicKey), signer }
  const agent = makeGate()
  const runtime = makeGate()
  let isBusy = false
  let isDown = false
  let bootedAtMs = Date.now()

  const engine = await startEngineServer(markedEngine(options.mark, runtime), {
    port: 0,
    alias: runtimeOfHosts.localName,
    slots: options.slots,
    deferredMax: options.slots,
    tokenDelayMs: options.tokenDelayMs,
  })
  const target = {
    ...runtimeOfHosts,
    url: `http://127.0.0.1:${engine.port}`,
    capacity: options.slots,
  }
  const slots = makeSlots(() => options.slots)
  const running = makeRunning()
  // What an agent logs of broken requests is what this host is for; only its own bugs are told.
  const log = (event: string) => {
    if (event === 'proxy_bug') options.onFault(event)
  }
  const expectation = () => ({
    stage: options.stage,
    nodeId: node.nodeId,
    routeEpoch: 1,
    rootPublicKeys: options.rootPublicKeys,
    nowMs: Date.now(),
    bootedAtMs,
  })
  const monotonicMs = () => performance.now()
  const dispatch = makeDispatch({
    expectation,
    takesWork: () => !isBusy,
    targetOf: (digest) => (digest === runtimeOfHosts.artifactDigest ? target : undefined),
    slots,
    node,
    counters: makeCounters(),
    running,
    keepClaim: () => undefined,
    monotonicMs,
    timeouts: runtimeTimeouts,
    log,
  })
  const cancel = makeCancel({ expectation, running, monotonicMs, log })
  const routeProbe = makeRouteProbe({ node, routeEpoch: () => 1, nowMs: Date.now })
  const listen = (port: number): Promise<ProxyServer> =>
    startProxyServer({
      listen: { host: '127.0.0.1', port },
      dispatch: async (path, request, response) => {
        await agent.passed()
        // Whoever went away while the agent was frozen is not there for it either.
        if (!response.destroyed) await dispatch(path, request, response)
      },
      cancel: async (request, response) => {
        await agent.passed()
        if (!response.destroyed) await cancel(request, response)
      },
      routeProbe: (query, response) => {
        if (!agent.isShut()) routeProbe(query, response)
      },
      log,
    })
  let server = await firstListening(listen)
  const { port } = server

  const shut = async (gates: readonly Gate[], durationMs: number) => {
    for (const gate of gates) gate.shut()
    await delay(durationMs)
    for (const gate of gates) gate.open()
  }

  return {
    node,
    url: `http://127.0.0.1:${port}`,
    inFlight: () => slots.inFlight(),
    beats: () => !isDown && !agent.isShut(),
    suffer: async ({ kind, durationMs }) => {
      switch (kind) {
        case 'killed':
          isDown = true
          server.stopListening()
          server.closeConnections()
          await delay(durationMs)
          bootedAtMs = Date.now()
          server = await listenAgain(() => listen(port))
          isDown = false
          return
        case 'cut':
          return server.closeConnections()
        case 'frozen':
          return shut([agent, runtime], durationMs)
        case 'stalled':
          return shut([runtime], durationMs)
        case 'busy':
          isBusy = true
          await delay(durationMs)
          isBusy = false
          return
        default:
          absurd(kind)
      }
    },
  }
}

/** On a port that nobody has. */
async function firstListening(listen: (port: number) => Promise<ProxyServer>) {
  for (let left = listenTriesMax; ; left -= 1) {
    const port = ports.first + Math.floor(Math.random() * ports.count)
    try {
      return await listen(port)
    } catch (error) {
      if (left === 0) throw error
    }
  }
}

/** On its own port, which another program may have for a moment. */
async function listenAgain(listen: () => Promise<ProxyServer>): Promise<ProxyServer> {
  for (let left = listenTriesMax; ; left -= 1) {
    try {
      return await listen()
    } catch (error) {
      if (left === 0) throw error
      await delay(relistenEveryMs)
    }
  }
}
