/**
 * The route that an enrolment asks for: an address of the host's own, or a tunnel that the operator
 * opens and names. A tunnel costs something outside of us, so one is opened only for who may enrol.
 */
import { isDeepStrictEqual } from 'node:util'
import type { NodeRoute } from '../fleet/node.ts'
import type { TunnelProvider } from '../fleet/tunnel-provider.ts'
import { assert } from '../protocol/assert.ts'
import type { RouteOffer, TunnelGrant } from '../protocol/enrolment.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'

export type RouteDeps = {
  /** Whether a node of this stage may be reached at this address. */
  readonly routeAllowed: (url: string) => boolean
  /** Undefined where the stage offers no tunnels. */
  readonly tunnels: TunnelProvider | undefined
}

/** What a node's route becomes, and what its agent needs to hold its end of it. */
export type MadeRoute = { readonly route: NodeRoute; readonly grant: TunnelGrant | undefined }

export function checkRoute(deps: RouteDeps, offer: RouteOffer): Result<undefined> {
  if (offer.kind === 'direct') {
    return deps.routeAllowed(offer.url)
      ? ok(undefined)
      : refuse('route_rejected', { param: 'route.url' })
  }
  return deps.tunnels
    ? ok(undefined)
    : refuse('route_rejected', {
        param: 'route.kind',
        message: 'This stage offers no tunnels: enrol with a direct route.',
      })
}

/** For an offer that `checkRoute` let pass. Doing it again opens no second tunnel. */
export async function makeRoute(
  { tunnels }: RouteDeps,
  offer: RouteOffer,
  { nodeId, epoch }: { readonly nodeId: string; readonly epoch: number },
): Promise<MadeRoute> {
  if (offer.kind === 'direct') return { route: directRoute(offer, epoch), grant: undefined }
  assert(tunnels !== undefined, 'a tunnel is asked for where the stage offers them')
  const { tunnelId, hostName, token } = await tunnels.open(nodeId)
  return {
    route: { kind: 'cloudflared_named', url: `https://${hostName}`, epoch, tunnelId },
    grant: { token, host_name: hostName },
  }
}

/** Another name, another tunnel or another certificate key is another route. */
export function isMoved(from: NodeRoute, to: NodeRoute): boolean {
  return !isDeepStrictEqual({ ...from, epoch: 0 }, { ...to, epoch: 0 })
}

/** The tunnel that nobody needs once the node has moved. */
export function tunnelLeft(from: NodeRoute, to: NodeRoute | undefined): string | undefined {
  if (from.kind !== 'cloudflared_named') return undefined
  const isKept = to?.kind === 'cloudflared_named' && to.tunnelId === from.tunnelId
  return isKept ? undefined : from.tunnelId
}

/** One spelling per route: without a trailing slash or a default port. */
function directRoute(offer: RouteOffer & { kind: 'direct' }, epoch: number): NodeRoute {
  const { certificate_key_sha256: certificateKeySha256 } = offer
  return {
    kind: 'direct',
    url: new URL(offer.url).origin,
    epoch,
    ...(certificateKeySha256 === undefined ? {} : { certificateKeySha256 }),
  }
}
