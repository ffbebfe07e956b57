/**
 * Who sent a signed request. Whatever a host says is believed of the key that signed these very
 * bytes, for this stage and endpoint, about now; a wrong clock gets the time to correct itself by.
 */
import type { FleetRow } from '../fleet/pool.ts'
import type { FleetStore } from '../fleet/ports.ts'
import { readBody } from '../http/read-json.ts'
import type { NowMs } from '../protocol/clock.ts'
import {
  checkRequest,
  claimedKeyId,
  clockSkewMaxMs,
  type SignatureTag,
  type SignedEndpoint,
  type SignedHttpRequest,
  signatureTag,
} from '../protocol/http-signature.ts'
import { NodeId } from '../protocol/ids.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { revocationOf } from './standing.ts'

export type AuthenticateDeps = {
  readonly stage: string
  readonly nowMs: NowMs
  readonly fleet: Pick<FleetStore, 'readRow'>
}

/** An enrolled node that may talk to us, as it was stored when it called. */
export type Caller = { readonly row: FleetRow; readonly clockDeltaMs: number }

/** The request with its raw body, still unverified. A query is covered by no signature: none is heard. */
export async function readSigned(
  request: Request,
  maxBytes: number,
): Promise<Result<SignedHttpRequest>> {
  if (new URL(request.url).search !== '') return refuse('bad_signature')
  const body = await readBody(request, maxBytes)
  if (!body.ok) return body
  const headers = Object.fromEntries(request.headers)
  return ok({ method: request.method, url: request.url, headers, body: body.value })
}

type NodeEndpoint = Exclude<SignedEndpoint, 'enroll'>

/** Waiting nodes may beat, so that their owners see what they wait for; nothing else. */
const openToPending: ReadonlySet<NodeEndpoint> = new Set(['heartbeat', 'inventory'])

export async function authenticate(
  deps: AuthenticateDeps,
  request: SignedHttpRequest,
  endpoint: NodeEndpoint,
): Promise<Result<Caller>> {
  const nodeId = NodeId.safeParse(claimedKeyId(request.headers))
  if (!nodeId.success) return refuse('bad_signature')
  const row = await deps.fleet.readRow(nodeId.data)
  if (!row) return refuse('unknown_node')
  const signed = await checkSignature(request, {
    tag: signatureTag(deps.stage, endpoint),
    nodeId: nodeId.data,
    publicKey: row.node.publicKey,
    nowMs: deps.nowMs(),
  })
  if (!signed.ok) return signed
  const revocation = revocationOf(row.node)
  if (revocation) return { ok: false, error: revocation }
  const isTooEarly = row.node.status === 'pending' && !openToPending.has(endpoint)
  if (isTooEarly) return refuse('pending_approval')
  return ok({ row, clockDeltaMs: signed.value.clockDeltaMs })
}

export async function checkSignature(
  request: SignedHttpRequest,
  by: {
    readonly tag: SignatureTag
    readonly nodeId: string
    readonly publicKey: string
    readonly nowMs: number
  },
): Promise<Result<{ readonly clockDeltaMs: number }>> {
  const check = await checkRequest(request, {
    tag: by.tag,
    publicKeyOf: (keyId) => (keyId === by.nodeId ? by.publicKey : undefined),
    nowMs: by.nowMs,
  })
  if (check.ok) return ok({ clockDeltaMs: by.nowMs - check.createdMs })
  return check.code === 'clock_skew' ? clockSkew(by.nowMs, check.deltaMs) : refuse('bad_signature')
}

/** `deltaMs` is the server's time less the host's. */
export function clockSkew(nowMs: number, deltaMs: number) {
  return refuse('clock_skew', {
    detail: { server_time_ms: nowMs, delta_ms: deltaMs, allowed_ms: clockSkewMaxMs },
  })
}
