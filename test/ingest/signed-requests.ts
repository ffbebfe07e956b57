/** One genuine request for every signed endpoint, taken apart so that a test can change any part. */
import { randomUUID } from 'node:crypto'
import { ids } from '../../src/adapters/system.ts'
import {
  type SignatureTag,
  type SignedEndpoint,
  signatureTag,
  signRequest,
} from '../../src/protocol/http-signature.ts'
import { type ControlPlane, stage } from '../support/control-plane.ts'
import { batchOf, lateClaim } from '../support/late-claim.ts'
import {
  approvedHost,
  joinCode,
  makeTestHost,
  rotationOrder,
  type TestHost,
} from '../support/test-host.ts'

export type Sent = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export type Genuine = {
  readonly endpoint: SignedEndpoint
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  /** Bytes that the endpoint takes at most. */
  readonly bytesMax: number
  /** Of a node that may send it, made so that the next request of its kind is accepted. */
  readonly make: (plane: ControlPlane) => Promise<{ host: TestHost; document: unknown }>
}

const kb = 1024

export const genuine: readonly Genuine[] = [
  {
    endpoint: 'enroll',
    method: 'POST',
    path: '/ingest/v1/enroll',
    bytesMax: 8 * kb,
    make: async (plane) => {
      const host = makeTestHost(plane)
      return {
        host,
        document: await host.enrolment(await joinCode(plane, `owner-${ids.token(8)}`)),
      }
    },
  },
  {
    endpoint: 'rotate',
    method: 'POST',
    path: '/ingest/v1/rotate',
    bytesMax: 8 * kb,
    make: async (plane) => {
      const [host, to] = [await approvedHost(plane), makeTestHost(plane)]
      return { host, document: rotationOrder(plane, host, to) }
    },
  },
  {
    endpoint: 'heartbeat',
    method: 'POST',
    path: '/ingest/v1/heartbeats',
    bytesMax: 16 * kb,
    make: async (plane) => {
      const host = await approvedHost(plane)
      await host.beat()
      return { host, document: host.heartbeat() }
    },
  },
  {
    endpoint: 'inventory',
    method: 'PUT',
    path: '/ingest/v1/inventory',
    bytesMax: 64 * kb,
    make: async (plane) => {
      const host = await approvedHost(plane)
      await host.beat()
      return { host, document: host.inventory([]) }
    },
  },
  {
    endpoint: 'claims',
    method: 'POST',
    path: '/ingest/v1/claims',
    bytesMax: 384 * kb,
    make: async (plane) => {
      const host = await approvedHost(plane)
      const claim = lateClaim(plane, { host, holdId: ids.ulid(plane.nowMs()) })
      return { host, document: batchOf(host.nodeId, [claim]) }
    },
  },
  {
    endpoint: 'earnings',
    method: 'GET',
    path: '/ingest/v1/earnings',
    bytesMax: 0,
    make: async (plane) => ({ host: await approvedHost(plane), document: undefined }),
  },
  {
    endpoint: 'reputation',
    method: 'GET',
    path: '/ingest/v1/reputation',
    bytesMax: 0,
    make: async (plane) => ({ host: await approvedHost(plane), document: undefined }),
  },
]

/** Signed by `host`'s key, for the endpoint unless `tag` names another. */
export async function signedBy(
  host: Pick<TestHost, 'nodeId' | 'signer'>,
  { endpoint, method, path }: Genuine,
  document: unknown,
  by: { readonly nowMs: number; readonly tag?: SignatureTag; readonly keyId?: string },
): Promise<Sent> {
  const body = Buffer.from(document === undefined ? '' : JSON.stringify(document))
  const headers = await signRequest(
    { method, url: urlOf(path), body },
    {
      signer: host.signer,
      keyId: by.keyId ?? host.nodeId,
      tag: by.tag ?? signatureTag(stage, endpoint),
      nonce: randomUUID(),
      nowMs: by.nowMs,
    },
  )
  return { method, path, headers, body }
}

/** As it arrives: spaces around a header's value are gone by then. */
export function toRequest({ method, path, headers, body }: Sent): Request {
  const withBody = method === 'GET' ? {} : { body: new Uint8Array(body) }
  return new Request(urlOf(path), { method, headers: { ...headers }, ...withBody })
}

const urlOf = (path: string) => `http://ingest.example.com${path}`
