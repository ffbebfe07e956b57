/** The agent's proxy on a real port before one runtime, without a control plane. */
import type { Log } from '../../../../apps/host/log.ts'
import type { NodeKey } from '../../../../apps/host/node-key.ts'
import { makeCancel } from '../../../../apps/host/proxy/cancel.ts'
import { makeCounters } from '../../../../apps/host/proxy/counters.ts'
import { makeDispatch } from '../../../../apps/host/proxy/dispatch.ts'
import { makeRouteProbe } from '../../../../apps/host/proxy/route-probe.ts'
import { makeRunning } from '../../../../apps/host/proxy/running.ts'
import {
  type RuntimeTimeouts,
  runtimeTimeouts,
} from '../../../../apps/host/proxy/runtime-request.ts'
import { startProxyServer } from '../../../../apps/host/proxy/server.ts'
import { makeSlots } from '../../../../apps/host/proxy/slots.ts'
import type { RouteTls } from '../../../../apps/host/route-tls.ts'
import { generatePrivateKey, makeSigner } from '../../../../src/protocol/ed25519.ts'
import type { LateClaimOffer } from '../../../../src/protocol/late-claims.ts'
import { nodeIdOf } from '../../../../src/protocol/node-identity.ts'
import { artifactDigest, root, stage } from './gateway.ts'

export function makeNodeKey(): NodeKey {
  const signer = makeSigner(generatePrivateKey())
  return { nodeId: nodeIdOf(signer.publicKey), signer }
}

export type TestProxy = Awaited<ReturnType<typeof startProxy>>

export async function startProxy(options: {
  readonly runtimeUrl: string
  readonly takesWork?: () => boolean
  readonly node?: NodeKey
  readonly bootedAtMs?: number
  readonly concurrency?: number
  /** As much as the node where left out. */
  readonly runtimeCapacity?: number
  readonly timeouts?: Partial<RuntimeTimeouts>
  readonly tls?: RouteTls
}) {
  const node = options.node ?? makeNodeKey()
  const counters = makeCounters()
  const concurrency = options.concurrency ?? 2
  const slots = makeSlots(() => concurrency)
  const logged: string[] = []
  const log: Log = (event, fields) => logged.push(JSON.stringify({ event, ...fields }))
  const bootedAtMs = options.bootedAtMs ?? Date.now() - 60_000
  const running = makeRunning()
  const kept: LateClaimOffer[] = []
  const expectation = () => ({
    stage,
    nodeId: node.nodeId,
    routeEpoch: 3,
    rootPublicKeys: [root.publicKey],
    nowMs: Date.now(),
    bootedAtMs,
  })
  const dispatch = makeDispatch({
    expectation,
    takesWork: options.takesWork ?? (() => true),
    targetOf: (digest) =>
      digest === artifactDigest
        ? {
            runtimeId: 'rt1',
            url: options.runtimeUrl,
            kind: 'llamacpp',
            version: 'b1234',
            localName: 'local-name',
            capacity: options.runtimeCapacity ?? concurrency,
          }
        : undefined,
    slots,
    node,
    counters,
    running,
    keepClaim: (offer) => kept.push(offer),
    monotonicMs: () => performance.now(),
    timeouts: { ...runtimeTimeouts, ...options.timeouts },
    log,
  })
  const routeProbe = makeRouteProbe({ node, routeEpoch: () => 3, nowMs: Date.now })
  const server = await startProxyServer({
    listen: { host: '127.0.0.1', port: 0 },
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    dispatch,
    routeProbe,
    cancel: makeCancel({ expectation, running, monotonicMs: () => performance.now(), log }),
    log,
  })
  return {
    node,
    counters,
    slots,
    logged,
    /** Claims of dispatches that were not read to their end. */
    kept,
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${server.port}`,
    close: async () => {
      server.stopListening()
      server.closeConnections()
      await slots.idle()
    },
  }
}
