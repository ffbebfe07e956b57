/** A host as ingest sees one: a key, and requests that it signs as the agent does. */
import { randomUUID } from 'node:crypto'
import type { Hono } from 'hono'
import * as z from 'zod'
import type { SurfaceEnv } from '../../src/http/surface.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { ChallengeReply } from '../../src/protocol/enrolment.ts'
import { factsDigest, type InventoryModel, inventoryDigest } from '../../src/protocol/heartbeat.ts'
import {
  type SignedEndpoint,
  signatureTag,
  signRequest,
} from '../../src/protocol/http-signature.ts'
import { nodeIdOf } from '../../src/protocol/node-identity.ts'
import { type Rotation, signRotation } from '../../src/protocol/rotation.ts'
import { type ControlPlane, type Reply, replyOf, stage } from './control-plane.ts'

export type Sending = {
  readonly app?: Hono<SurfaceEnv>
  readonly tag?: ReturnType<typeof signatureTag>
  readonly keyId?: string
  /** Under `/ingest/v1/`; by default the endpoint's own. */
  readonly path?: string
  /** When the host believes to sign. */
  readonly signedAtMs?: number
  /** Sent instead of the body that was signed. */
  readonly sentBody?: string
}

const hostFacts = { os: 'linux', arch: 'x64', driver: null, gpus: [] }

export type TestHost = ReturnType<typeof makeTestHost>

export const publicRoute = { kind: 'direct', url: 'https://host.example.net' } as const

/** With a key of its own, unless the test gives it one that answers dispatches elsewhere. */
export function makeTestHost(
  plane: Pick<ControlPlane, 'ingest' | 'nowMs'>,
  signer = makeSigner(generatePrivateKey()),
) {
  const nodeId = nodeIdOf(signer.publicKey)
  const bootId = randomUUID()
  let seq = 0

  const send = async (
    method: 'GET' | 'POST' | 'PUT',
    endpoint: SignedEndpoint,
    document: unknown,
    sending: Sending = {},
  ): Promise<Reply> => {
    const path = sending.path ?? (endpoint === 'heartbeat' ? 'heartbeats' : endpoint)
    const url = `http://ingest.example.com/ingest/v1/${path}`
    const body = Buffer.from(method === 'GET' ? '' : JSON.stringify(document))
    const headers = await signRequest(
      { method, url, body },
      {
        signer,
        keyId: sending.keyId ?? nodeId,
        tag: sending.tag ?? signatureTag(stage, endpoint),
        nonce: randomUUID(),
        nowMs: sending.signedAtMs ?? plane.nowMs(),
      },
    )
    const app = sending.app ?? plane.ingest
    const sent = method === 'GET' ? {} : { body: sending.sentBody ?? body }
    return replyOf(await app.request(url, { method, headers, ...sent }))
  }

  const challenge = async (): Promise<string> => {
    const response = await plane.ingest.request('/ingest/v1/enroll/challenge', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ public_key: signer.publicKey }),
    })
    return ChallengeReply.parse(await response.json()).challenge
  }

  const enrolment = async (joinCode: string, changes: object = {}) => ({
    public_key: signer.publicKey,
    join_code: joinCode,
    challenge: await challenge(),
    mode: 'network',
    route: publicRoute,
    facts: { agent_version: '1.0.0', os: 'linux', arch: 'x64', host_name: 'box' },
    ...changes,
  })

  const heartbeat = (changes: object = {}) => {
    seq = Math.max(seq + 1, plane.nowMs())
    return {
      v: 1,
      node_id: nodeId,
      boot_id: bootId,
      seq,
      sent_at_ms: plane.nowMs(),
      clock_offset_ms: 0,
      agent: { version: '1.0.0', os: 'linux', arch: 'x64', uptime_s: 10 },
      mode: 'network',
      state: 'ready',
      owner_limits: { max_concurrency: 2, paid_enabled: true, schedule: null, max_power_w: null },
      tunnel: { kind: 'direct', state: 'up', route_epoch: 1 },
      gpus: [],
      runtimes: [llamacpp],
      inventory_digest: inventoryDigest([]),
      facts_digest: factsDigest(hostFacts),
      jobs: { active: [], last_seq: 0 },
      counters: { accepted: 0, completed: 0, failed: 0, cancelled_by_client: 0, rejected_busy: 0 },
      ...changes,
    }
  }

  return {
    nodeId,
    signer,
    challenge,
    enrolment,
    heartbeat,
    inventory: (models: readonly InventoryModel[], changes: object = {}) => ({
      v: 1,
      node_id: nodeId,
      seq,
      models,
      facts: hostFacts,
      ...changes,
    }),
    send,
    enrol: async (joinCode: string, changes: object = {}, sending: Sending = {}) =>
      send('POST', 'enroll', await enrolment(joinCode, changes), sending),
    beat: (changes: object = {}, sending: Sending = {}) =>
      send('POST', 'heartbeat', heartbeat(changes), sending),
    sendJob: (jobId: string, report: unknown) =>
      send('POST', 'jobs', report, { path: `jobs/${jobId}/result` }),
    /** A beat that names these models, then the inventory that it makes ingest ask for. */
    offer: async (models: readonly InventoryModel[], changes: object = {}): Promise<Reply> => {
      const named = { inventory_digest: inventoryDigest(models), ...changes }
      await send('POST', 'heartbeat', heartbeat(named))
      return send('PUT', 'inventory', { v: 1, node_id: nodeId, seq, models, facts: hostFacts })
    },
  }
}

const llamacpp = {
  id: 'main',
  kind: 'llamacpp',
  version: 'b4000',
  reachable: true,
  loaded: [],
  queue: { source: 'runtime', running: 0, waiting: 0, capacity: 2, health: 'ok', reason: null },
}

/** As an agent asks for another key: the new one signs what the old one sends. */
export function rotationOrder(
  plane: Pick<ControlPlane, 'nowMs'>,
  from: TestHost,
  to: TestHost,
  changes: Partial<Rotation> = {},
) {
  const rotation: Rotation = {
    v: 1,
    stage,
    old_node_id: from.nodeId,
    new_node_id: to.nodeId,
    new_public_key: to.signer.publicKey,
    at_ms: plane.nowMs(),
    ...changes,
  }
  return signRotation(rotation, to.signer)
}

export function installedModel(digest: string, changes: Partial<InventoryModel> = {}) {
  const artifact = { format: 'gguf', digest, quantization: 'Q4_K_M', size_bytes: 1000 }
  return {
    local_name: 'model.gguf',
    runtime_id: 'main',
    artifact,
    context_length: 4096,
    status: 'installed',
    remote: false,
    ...changes,
  } satisfies InventoryModel
}

export async function joinCode(plane: ControlPlane, ownerId = 'owner-1'): Promise<string> {
  const { body } = await plane.operate('POST', '/join-codes', { owner_id: ownerId })
  return z.string().parse(body.code)
}

let owners = 0
/** An owner may enrol ten nodes within an hour, so each host that is about none has its own. */
const newOwner = () => {
  owners += 1
  return `owner-of-one-${owners}`
}

export async function enrolledHost(plane: ControlPlane, ownerId = newOwner()): Promise<TestHost> {
  const host = makeTestHost(plane)
  const { status } = await host.enrol(await joinCode(plane, ownerId))
  if (status !== 200) throw new Error(`enrolment answered ${status}`)
  return host
}

export async function approvedHost(plane: ControlPlane, ownerId?: string): Promise<TestHost> {
  const host = await enrolledHost(plane, ownerId)
  await plane.operate('POST', `/nodes/${host.nodeId}/approve`)
  return host
}
