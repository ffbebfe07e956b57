/** One node of a simulated fleet: it beats as the agent does, with its jitter and its back-off. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import * as z from 'zod'
import { backoffMs, jitteredMs } from '../../apps/host/backoff.ts'
import {
  factsDigest,
  type Heartbeat,
  HeartbeatReply,
  inventoryDigest,
} from '../../src/protocol/heartbeat.ts'
import { signatureTag, signRequest } from '../../src/protocol/http-signature.ts'
import type { Identity } from './open-stage.ts'

export type Beat = {
  readonly atMs: number
  readonly tookMs: number
  /** `ok`, an error code of ingest, or what kept the answer from arriving. */
  readonly code: string
}

export type SimulatedNode = {
  readonly nodeId: string
  readonly beats: readonly Beat[]
  /**
   * Whether the stored sequence number is one that this node can have: that of the last beat that was
   * acknowledged, or of one sent since then whose reply was lost.
   */
  readonly canHave: (storedSeq: number) => boolean
  /** Beats until `stop` aborts; the beat that is under way is heard out. */
  readonly run: (stop: AbortSignal) => Promise<void>
}

type Answer =
  | { readonly code: 'ok'; readonly nextMs: number }
  | { readonly code: string; readonly nextMs: undefined; readonly retryAfterMs: number }

/** As long as the agent waits. */
const requestTimeoutMs = 5_000
const random = Math.random

const ErrorBody = z.object({ error: z.object({ code: z.string() }) })

export function makeSimulatedNode(
  { nodeId, signer }: Identity,
  to: { readonly url: string; readonly stage: string; readonly intervalMs: number },
): SimulatedNode {
  const bootId = randomUUID()
  const beats: Beat[] = []
  let sent = 0
  let acknowledged = 0
  let unanswered: number[] = []

  const send = async (): Promise<Answer> => {
    sent = Math.max(sent + 1, Date.now())
    const body = Buffer.from(JSON.stringify(heartbeat(nodeId, bootId, sent)))
    const request = { method: 'POST', url: `${to.url}/heartbeats`, body }
    const headers = await signRequest(request, {
      signer,
      keyId: nodeId,
      tag: signatureTag(to.stage, 'heartbeat'),
      nonce: randomUUID(),
      nowMs: Date.now(),
    })
    const signal = AbortSignal.timeout(requestTimeoutMs)
    const response = await fetch(request.url, { method: 'POST', headers, body, signal })
    const json: unknown = await response.json()
    if (response.ok) return { code: 'ok', nextMs: HeartbeatReply.parse(json).next_in_ms }
    const retryAfterMs = Number(response.headers.get('retry-after') ?? 0) * 1_000
    return { code: ErrorBody.parse(json).error.code, nextMs: undefined, retryAfterMs }
  }

  const beat = async (): Promise<Answer> => {
    const startedMs = performance.now()
    const answer = await send().catch(
      (error: unknown): Answer => ({ code: faultOf(error), nextMs: undefined, retryAfterMs: 0 }),
    )
    if (answer.code === 'ok') [acknowledged, unanswered] = [sent, []]
    else unanswered.push(sent)
    beats.push({ atMs: Date.now(), tookMs: performance.now() - startedMs, code: answer.code })
    return answer
  }

  const run = async (stop: AbortSignal): Promise<void> => {
    const wait = (ms: number) => delay(ms, undefined, { signal: stop }).catch(() => undefined)
    let { intervalMs } = to
    let failures = 0
    await wait(random() * intervalMs)
    while (!stop.aborted) {
      const answer = await beat()
      if (answer.nextMs === undefined) {
        failures += 1
        await wait(backoffMs(failures, { random, intervalMs, retryAfterMs: answer.retryAfterMs }))
      } else {
        failures = 0
        intervalMs = answer.nextMs
        await wait(jitteredMs(intervalMs, random))
      }
    }
  }

  const canHave = (storedSeq: number) => [acknowledged, ...unanswered].includes(storedSeq)
  return { nodeId, beats, canHave, run }
}

function faultOf(error: unknown): string {
  const Fault = z.object({ name: z.string(), cause: z.object({ code: z.string() }).optional() })
  const fault = Fault.safeParse(error).data
  return `unreachable (${fault?.cause?.code ?? fault?.name ?? 'unknown'})`
}

const facts = { os: 'linux', arch: 'x64', driver: null, gpus: [] }

function heartbeat(nodeId: string, bootId: string, seq: number): Heartbeat {
  return {
    v: 1,
    node_id: nodeId,
    boot_id: bootId,
    seq,
    sent_at_ms: seq,
    clock_offset_ms: 0,
    agent: { version: '1.0.0', os: 'linux', arch: 'x64', uptime_s: 10 },
    mode: 'network',
    state: 'ready',
    owner_limits: { max_concurrency: 2, paid_enabled: true, schedule: null, max_power_w: null },
    tunnel: { kind: 'direct', state: 'up', route_epoch: 1 },
    gpus: [],
    runtimes: [
      {
        id: 'main',
        kind: 'vllm',
        version: '0.11.2',
        reachable: true,
        queue: {
          source: 'runtime',
          running: 1,
          waiting: 0,
          capacity: 8,
          health: 'ok',
          reason: null,
        },
        loaded: [],
      },
    ],
    inventory_digest: inventoryDigest([]),
    facts_digest: factsDigest(facts),
    jobs: { active: [], last_seq: 0 },
    counters: { accepted: 0, completed: 0, failed: 0, cancelled_by_client: 0, rejected_busy: 0 },
  }
}
