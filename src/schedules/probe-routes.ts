/**
 * Asks every node's public route for a signature over a fresh nonce. A heartbeat proves that an agent
 * lives; only this proves that the route which customers' requests take ends at the enrolled key.
 */
import type { Dialer } from '../dispatch/ports.ts'
import type { NodeFacts } from '../fleet/node.ts'
import type { FleetRow } from '../fleet/pool.ts'
import type { FleetStore } from '../fleet/ports.ts'
import type { Ids, NowMs } from '../protocol/clock.ts'
import { verifyTagged } from '../protocol/ed25519.ts'
import { RouteProbeReply, routeProbePath } from '../protocol/enrolment.ts'
import { forEachBounded } from './bounded.ts'

export type ProbeRoutesDeps = {
  readonly fleet: Pick<FleetStore, 'rows' | 'recordProbe'>
  readonly dialer: Dialer
  readonly ids: Ids
  readonly nowMs: NowMs
}

export type ProbeRoutesReport = { readonly probed: number; readonly good: number }

const probeTimeoutMs = 3_000
const concurrency = 32
const replyBytesMax = 4_096

export async function probeRoutes(deps: ProbeRoutesDeps): Promise<ProbeRoutesReport> {
  const report = { probed: 0, good: 0 }
  await forEachBounded(deps.fleet.rows(), concurrency, async (row) => {
    if (!isDue(row)) return
    const isGood = await probe(deps, row.node)
    report.probed += 1
    if (isGood) report.good += 1
    await deps.fleet.recordProbe({
      nodeId: row.node.nodeId,
      epoch: row.node.route.epoch,
      atMs: deps.nowMs(),
      isGood,
    })
  })
  return report
}

/** Nodes that neither beat nor may serve are not worth a connection. */
function isDue({ node, hot }: FleetRow): boolean {
  return hot !== undefined && hot.liveness !== 'offline' && isInService(node)
}

const isInService = ({ status }: NodeFacts) =>
  status === 'pending' || status === 'approved' || status === 'active'

async function probe(deps: ProbeRoutesDeps, node: NodeFacts): Promise<boolean> {
  const nonce = deps.ids.token(16)
  const url = new URL(routeProbePath, node.route.url)
  url.searchParams.set('nonce', nonce)
  try {
    const outcome = await deps.dialer.get({
      url: url.href,
      headers: { accept: 'application/json' },
      connectTimeoutMs: probeTimeoutMs,
      headersTimeoutMs: probeTimeoutMs,
      signal: AbortSignal.timeout(probeTimeoutMs),
    })
    if (outcome.kind === 'failed' || outcome.status !== 200) return false
    return isGenuine(await readReply(outcome.body), node, nonce)
  } catch {
    return false
  }
}

/** The nonce is ours and fresh, so the reply's own time needs no judging. */
function isGenuine(reply: unknown, node: NodeFacts, nonce: string): boolean {
  const parsed = RouteProbeReply.safeParse(reply)
  if (!parsed.success) return false
  const { signature, ...signed } = parsed.data
  return (
    signed.nonce === nonce &&
    signed.node_id === node.nodeId &&
    signed.route_epoch === node.route.epoch &&
    verifyTagged('b3iq:route-probe:v1', signed, { publicKey: node.publicKey, signature })
  )
}

async function readReply(body: AsyncIterable<Uint8Array>): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > replyBytesMax) return undefined
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}
