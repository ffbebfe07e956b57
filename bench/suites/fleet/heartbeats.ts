/**
 * Who sent a heartbeat and what it says: signature, digest, clock and schema. The database is left out,
 * and so is the socket.
 */
import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import { parseJson } from '../../../src/http/read-json.ts'
import { authenticate } from '../../../src/ingest/signed-request.ts'
import { Heartbeat } from '../../../src/protocol/heartbeat.ts'
import {
  type SignedHttpRequest,
  signatureTag,
  signRequest,
} from '../../../src/protocol/http-signature.ts'
import { makeTestHost } from '../../../test/support/test-host.ts'
import { coreSecEach } from '../../harness/core-time.ts'
import { benchNowMs, generatedRow } from './generated-fleet.ts'

const stage = 'bench'
/** More than the keys that a process keeps parsed, as a large fleet has; a larger one is these over and over. */
const beatsMade = 1_100
const nowMs = () => benchNowMs

/** Core seconds of one beat, of a fleet of so many nodes. */
export async function makeBeatChecks(): Promise<(nodes: number) => Promise<number>> {
  const beats = await Promise.all(Array.from({ length: beatsMade }, signedBeat))
  const rowOf = new Map(beats.map(({ row }) => [row.node.nodeId, row]))
  const deps = { stage, nowMs, fleet: { readRow: async (nodeId: string) => rowOf.get(nodeId) } }
  return async (nodes) => {
    const round = beats.slice(0, nodes)
    const sec = await coreSecEach(async () => {
      for (const { request } of round) {
        const caller = await authenticate(deps, request, 'heartbeat')
        if (!caller.ok || !parseJson(request.body, Heartbeat).ok) throw new Error('a sound beat')
      }
    })
    return sec / round.length
  }
}

async function signedBeat(_: unknown, index: number) {
  const host = makeTestHost({ ingest: new Hono(), nowMs })
  const body = Buffer.from(JSON.stringify(host.heartbeat()))
  const sent = { method: 'POST', url: 'http://ingest.example.com/ingest/v1/heartbeats', body }
  const tag = signatureTag(stage, 'heartbeat')
  const by = { signer: host.signer, keyId: host.nodeId, tag, nonce: randomUUID(), nowMs: nowMs() }
  const request: SignedHttpRequest = { ...sent, headers: await signRequest(sent, by) }
  const row = generatedRow(index)
  const node = { ...row.node, nodeId: host.nodeId, publicKey: host.signer.publicKey }
  return { request, row: { ...row, node } }
}
