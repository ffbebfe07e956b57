/** Ingest on a real port: checks signatures, clock and sequence as the real one does. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  ChallengeRequest,
  EnrolRequest,
  type JobPublicKey,
} from '../../../../src/protocol/enrolment.ts'
import { type ApiError, statusOf, toWireError } from '../../../../src/protocol/errors.ts'
import { Heartbeat, type HeartbeatReply, Inventory } from '../../../../src/protocol/heartbeat.ts'
import { checkRequest, signatureTag } from '../../../../src/protocol/http-signature.ts'
import { JobReport } from '../../../../src/protocol/job-report.ts'
import { LateClaimBatch } from '../../../../src/protocol/late-claims.ts'
import { nodeAliasOf, nodeIdOf } from '../../../../src/protocol/node-identity.ts'
import {
  isSignedByNewKey,
  RotateRequest,
  type Rotation,
} from '../../../../src/protocol/rotation.ts'
import { portOf, textOf } from './fake-runtime.ts'
import { root, stage } from './gateway.ts'

const isError = (reply: object): reply is ApiError => 'code' in reply

export type FakeIngest = Awaited<ReturnType<typeof startFakeIngest>>

const seqAheadMsMax = 120_000

/** `refuse` decides about each request that is signed well; `beatReply` changes the reply to a beat. */
export async function startFakeIngest(
  options: {
    readonly publicKey?: string
    readonly nowMs?: () => number
    readonly refuse?: (path: string) => ApiError | 'break' | undefined
    readonly beatReply?: (beat: Heartbeat) => Partial<HeartbeatReply>
    readonly jobPublicKeys?: readonly JobPublicKey[]
    /** What an enrolment is told; by default the root of these tests. */
    readonly rootPublicKey?: () => string
  } = {},
) {
  const nowMs = options.nowMs ?? Date.now
  const beats: Heartbeat[] = []
  const inventories: Inventory[] = []
  const enrolments: EnrolRequest[] = []
  const requests: string[] = []
  const rotations: Rotation[] = []
  const lateClaims: unknown[] = []
  const jobReports: JobReport[] = []
  let publicKey = options.publicKey
  let lastSeq = 0

  async function signatureError(
    request: IncomingMessage,
    body: string,
    endpoint: Parameters<typeof signatureTag>[1],
  ): Promise<ApiError | undefined> {
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    )
    const check = await checkRequest(
      {
        method: request.method ?? '',
        url: `http://ingest.example${request.url}`,
        headers,
        body: Buffer.from(body),
      },
      {
        tag: signatureTag(stage, endpoint),
        publicKeyOf: (keyId) =>
          publicKey !== undefined && keyId === nodeIdOf(publicKey) ? publicKey : undefined,
        nowMs: nowMs(),
      },
    )
    if (check.ok) return undefined
    return check.code === 'clock_skew' ? skew(check.deltaMs) : { code: check.code }
  }

  const skew = (deltaMs: number): ApiError => ({
    code: 'clock_skew',
    detail: { server_time_ms: nowMs(), delta_ms: deltaMs },
  })

  function acceptBeat(beat: Heartbeat): ApiError | HeartbeatReply {
    if (beat.seq > nowMs() + seqAheadMsMax) return skew(nowMs() - beat.seq)
    if (beat.seq <= lastSeq) return { code: 'seq_replay', detail: { last_seq: lastSeq } }
    lastSeq = beat.seq
    beats.push(beat)
    return {
      ok: true,
      server_time_ms: nowMs(),
      next_in_ms: 15_000,
      ttl_ms: 60_000,
      need: [],
      route_epoch: 3,
      jobs: [],
      eligibility: [],
      warnings: [],
      ...options.beatReply?.(beat),
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request)
    const call = `${request.method} ${request.url}`
    requests.push(call)
    const refusal = options.refuse?.(call)
    if (refusal === 'break') return void response.destroy()
    const reply = refusal ?? (await replyTo(call, request, body))
    const refused = isError(reply)
    const status = refused ? statusOf(reply) : 200
    const json = refused ? { error: toWireError(reply, 'r_1') } : reply
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
  }

  async function replyTo(
    call: string,
    request: IncomingMessage,
    body: string,
  ): Promise<ApiError | object> {
    switch (call) {
      case 'POST /ingest/v1/enroll/challenge': {
        publicKey = ChallengeRequest.parse(JSON.parse(body)).public_key
        const server_time_ms = nowMs()
        return { challenge: 'c', stage, server_time_ms, expires_at_ms: server_time_ms + 120_000 }
      }
      case 'POST /ingest/v1/enroll': {
        const error = await signatureError(request, body, 'enroll')
        if (error !== undefined) return error
        const enrolment = EnrolRequest.parse(JSON.parse(body))
        enrolments.push(enrolment)
        const node_id = nodeIdOf(enrolment.public_key)
        return {
          node_id,
          alias: nodeAliasOf(node_id),
          status: 'pending',
          stage,
          route_epoch: 3,
          ticket_root_public_keys: [options.rootPublicKey?.() ?? root.publicKey],
          job_public_keys: options.jobPublicKeys ?? [],
          next_in_ms: 60_000,
          server_time_ms: nowMs(),
        }
      }
      case 'POST /ingest/v1/heartbeats':
        return (
          (await signatureError(request, body, 'heartbeat')) ??
          acceptBeat(Heartbeat.parse(JSON.parse(body)))
        )
      case 'PUT /ingest/v1/inventory': {
        const error = await signatureError(request, body, 'inventory')
        if (error !== undefined) return error
        inventories.push(Inventory.parse(JSON.parse(body)))
        return { ok: true }
      }
      case 'GET /ingest/v1/earnings':
        return (await signatureError(request, body, 'earnings')) ?? earningsReply()
      case 'POST /ingest/v1/claims':
        return (
          (await signatureError(request, body, 'claims')) ??
          judgeClaims(LateClaimBatch.parse(JSON.parse(body)))
        )
      case 'POST /ingest/v1/rotate': {
        const error = await signatureError(request, body, 'rotate')
        if (error !== undefined) return error
        const order = RotateRequest.parse(JSON.parse(body))
        if (!isSignedByNewKey(order)) return { code: 'public_key_rejected' }
        rotations.push(order.rotation)
        publicKey = order.rotation.new_public_key
        return rotateReply(order.rotation)
      }
      default:
        return /^POST \/ingest\/v1\/jobs\/[^/]+\/result$/.test(call)
          ? ((await signatureError(request, body, 'jobs')) ??
              heardOf(JobReport.parse(JSON.parse(body))))
          : { code: 'not_found' }
    }
  }

  const earningsReply = () => ({
    ok: true,
    server_time_ms: nowMs(),
    node_id: nodeIdOf(publicKey ?? ''),
    earnings: {
      accrued_usd: '0.5',
      payable_usd: '1.25',
      in_transit_usd: '0',
      paid_usd: '3',
      clawed_back_usd: '0',
      escrowed_usd: '0',
    },
    escrowed_claims: [],
    payouts: [
      {
        period: '2026-01-01',
        amount_usd: '3',
        state: 'paid',
        closed_at: '2026-01-02T00:00:00.000Z',
        transfer_id: null,
      },
    ],
  })

  function heardOf(report: JobReport) {
    jobReports.push(report)
    const proceed = report.kind !== 'result'
    return { ok: true, server_time_ms: nowMs(), state: 'running', proceed }
  }

  function judgeClaims(batch: LateClaimBatch) {
    lateClaims.push(...batch.claims)
    const answer = {
      ticket_hash: null,
      status: 'escrowed',
      amount_usd: null,
      payable_at: null,
      reason: null,
    }
    return { ok: true, server_time_ms: nowMs(), claims: batch.claims.map(() => answer) }
  }

  const rotateReply = ({ new_node_id }: Rotation) => ({
    node_id: new_node_id,
    alias: nodeAliasOf(new_node_id),
    status: 'active',
    route_epoch: 4,
    old_until_ms: nowMs() + 86_400_000,
    server_time_ms: nowMs(),
  })

  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    beats,
    inventories,
    enrolments,
    requests,
    rotations,
    lateClaims,
    jobReports,
    setLastSeq: (seq: number) => {
      lastSeq = seq
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
