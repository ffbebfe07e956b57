/**
 * Asks every node's public route for a signature over a fresh nonce. A heartbeat proves that an agent
 * lives; only this proves that the route which customers' requests take ends at the enrolled key.
 */
import { createHash } from 'node:crypto'
import type { Dialer } from '../dispatch/ports.ts'
import { type HotItem, isBarred, type NodeFacts, probeFailuresMax } from '../fleet/node.ts'
import { wayTo } from '../fleet/pool.ts'
import type { FleetStore } from '../fleet/ports.ts'
import type { Ids, NowMs, Sleep } from '../protocol/clock.ts'
import { verifyTagged } from '../protocol/ed25519.ts'
import { RouteProbeReply, routeProbePath } from '../protocol/enrolment.ts'
import { forEachBounded } from './bounded.ts'

export type ProbeRoutesDeps = {
  readonly fleet: Pick<FleetStore, 'rows' | 'recordProbe'>
  readonly dialer: Dialer
  readonly ids: Ids
  readonly nowMs: NowMs
  readonly sleep: Sleep
  /** Probes are spread over so long, each node at its own place; 0 does all at once. */
  readonly spreadMs: number
}

/** `left`: due, and not reached in time; the next pass takes them before their proof grows stale. */
export type ProbeRoutesReport = {
  readonly probed: number
  readonly good: number
  readonly left: number
}

/** Of a minute; what is left over is for reading the fleet and for the last probes. */
export const probeSpreadMs = 45_000
const passMs = 53_000
const probeTimeoutMs = 3_000
/** At 10,000 nodes 222 begin each second; a tenth of them dead for 3 s fill half of this. */
const concurrency = 128
const replyBytesMax = 4_096
/** Under the minute between two passes, so that each pass renews what the last one found. */
const knownGoodMs = 50_000

type Target = { readonly node: NodeFacts; readonly hot: HotItem; readonly dueAtMs: number }

export async function probeRoutes(deps: ProbeRoutesDeps): Promise<ProbeRoutesReport> {
  const report = { probed: 0, good: 0, left: 0 }
  const endMs = deps.nowMs() + passMs
  const targets = await targetsOf(deps)
  await forEachBounded(inTurn(deps, targets), concurrency, async ({ node, hot }) => {
    if (deps.nowMs() > endMs) {
      report.left += 1
      return
    }
    if (isKnownGood(node, hot, deps.nowMs())) return
    const isGood = await probe(deps, node)
    report.probed += 1
    if (isGood) report.good += 1
    const { nodeId, route } = node
    if (!isGood && isKnownDown(node, hot)) return
    await deps.fleet.recordProbe({ nodeId, epoch: route.epoch, atMs: deps.nowMs(), isGood })
  })
  return report
}

/** Nodes that neither beat nor may serve are not worth a connection. */
async function targetsOf(deps: ProbeRoutesDeps): Promise<Target[]> {
  const startMs = deps.nowMs()
  const targets: Target[] = []
  for await (const { node, hot } of deps.fleet.rows()) {
    if (hot === undefined || hot.liveness === 'offline' || isBarred(node)) continue
    targets.push({ node, hot, dueAtMs: startMs + placeOf(node.nodeId) * deps.spreadMs })
  }
  return targets.sort((one, other) => one.dueAtMs - other.dueAtMs)
}

/** From 0 to 1, and the same in every pass: a node's probes are then about a minute apart. */
const placeOf = (nodeId: string): number =>
  createHash('sha256').update(nodeId).digest().readUInt32BE() / 2 ** 32

async function* inTurn({ nowMs, sleep }: ProbeRoutesDeps, targets: readonly Target[]) {
  for (const target of targets) {
    const earlyMs = target.dueAtMs - nowMs()
    if (earlyMs > 0) await sleep(earlyMs)
    yield target
  }
}

/** Since it last came back, by a probe or by a request that it served. */
function isKnownGood({ route }: NodeFacts, { probe, steadiness }: HotItem, nowMs: number): boolean {
  return (
    probe !== undefined &&
    probe.epoch === route.epoch &&
    probe.failures === 0 &&
    probe.okAtMs >= steadiness.returnedAtMs &&
    nowMs - probe.okAtMs < knownGoodMs
  )
}

/** A third failure says no more than the second. */
const isKnownDown = ({ route }: NodeFacts, { probe }: HotItem): boolean =>
  probe !== undefined && probe.epoch === route.epoch && probe.failures >= probeFailuresMax

async function probe(deps: ProbeRoutesDeps, node: NodeFacts): Promise<boolean> {
  const nonce = deps.ids.token(16)
  const { routeUrl, certificateKeySha256 } = wayTo(node.route)
  const url = new URL(routeProbePath, routeUrl)
  url.searchParams.set('nonce', nonce)
  try {
    const outcome = await deps.dialer.get({
      url: url.href,
      headers: { accept: 'application/json' },
      certificateKeySha256,
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
