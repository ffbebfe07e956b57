/** Hosts as the gateway meets them at `startAttempt`: scripted, without tickets, proofs or sockets. */
import type { Attempt, AttemptFailure, AttemptOrder } from '../../../src/dispatch/attempt.ts'
import type { HostEvent } from '../../../src/dispatch/host-events.ts'
import { sha256Hex } from '../../../src/protocol/canonical.ts'
import { type SignedClaim, signClaim } from '../../../src/protocol/claim.ts'
import type { NowMs, Sleep } from '../../../src/protocol/clock.ts'
import type { TokenCounts } from '../../../src/protocol/usage.ts'
import { noteDispatched } from '../checker/answers.ts'
import type { CheckerContext } from '../checker/context.ts'
import type { Task } from '../engine/actor.ts'
import type { FaultName } from '../engine/faults.ts'
import { nodes } from '../stage.ts'

const failures = ['busy', 'connect_failed', 'timed_out', 'no_proof', 'stale_route'] as const

/** How a host that took the request goes on. */
const courses = [
  'dies before content',
  'dies in the middle',
  'hangs before content',
  'hangs in the middle',
  'drips',
  'reports an error',
  'lies about usage',
] as const
type Course = (typeof courses)[number] | 'answers'

/** What a host was asked, for its late claim. */
export type Dispatch = {
  readonly holdId: string
  readonly nodeId: string
  readonly ticketHash: string
  readonly maxTokens: number
  readonly choices: number
  readonly priceVersion: number
}

export type HostDeps = {
  readonly checker: CheckerContext
  /** Of the gateway. */
  readonly nowMs: NowMs
  readonly sleep: Sleep
  readonly task: Task
  readonly rateOf: (fault: FaultName) => number
  /** The gateway is lost: nothing that it runs goes on. */
  readonly crash: () => void
  readonly onDispatch: (dispatch: Dispatch) => void
}

export async function attemptAt(deps: HostDeps, order: AttemptOrder): Promise<Attempt> {
  const { checker, sleep, task } = deps
  const { draws } = task
  const { nodeId } = order.candidate
  noteDispatched(checker, { run: task.name, holdId: order.holdId, atMs: deps.nowMs() })
  const ticketHash = hex64(draws.u32)
  const dispatched = { ticketId: ticketHash.slice(0, 12), ticketHash, candidate: order.candidate }
  deps.onDispatch({
    holdId: order.holdId,
    nodeId,
    ticketHash,
    maxTokens: order.maxTokens,
    choices: order.choices,
    priceVersion: order.priceVersion,
  })
  const isLost = draws.chance(deps.rateOf('lostInFlight'))
  const isFaulty = draws.chance(deps.rateOf('hostFault'))
  const refuses = draws.chance(0.4)
  const failure: AttemptFailure = draws.pick(failures)
  const course: Course = isFaulty ? draws.pick(courses) : 'answers'
  await sleep(failure === 'timed_out' && isFaulty && refuses ? 10_000 : draws.between(5, 900))
  if (order.signal.aborted) return { ...dispatched, kind: 'failed', reason: 'aborted' }
  if (isLost) {
    deps.crash()
    return new Promise(() => undefined)
  }
  if (isFaulty && refuses) {
    checker.count(`host: ${failure}`)
    return { ...dispatched, kind: 'failed', reason: failure }
  }
  checker.count(`host: ${course}`)
  const events = oneByOne(eventsOf(deps, order, { course, ticketHash }))
  return { ...dispatched, kind: 'open', events, contentBegan: () => undefined }
}

type Script = { readonly course: Course; readonly ticketHash: string }
type Event = HostEvent | { readonly kind: 'timeout' }

const silenceMs = 30_000
const dripMs = 20_000
const chunksMax = 3

async function* eventsOf(
  { sleep, task }: HostDeps,
  order: AttemptOrder,
  { course, ticketHash }: Script,
): AsyncGenerator<Event> {
  const { draws } = task
  const { signal } = order
  const isCut = async (durationMs: number): Promise<boolean> => {
    await sleep(durationMs, signal)
    return signal.aborted
  }
  const chunkMs = draws.between(10, 4_000)
  const chunks = draws.between(1, chunksMax)
  const text = 'tokens as bytes '.repeat(draws.between(1, 30))
  const claims = draws.chance(0.05) || course === 'lies about usage'
  if (course === 'dies before content') return
  if (course === 'hangs before content') {
    if (!(await isCut(silenceMs))) yield { kind: 'timeout' }
    return
  }
  const count = course === 'drips' ? 60 : chunks
  for (let sent = 0; sent < count; sent += 1) {
    if (await isCut(course === 'drips' ? dripMs : chunkMs)) return
    yield says(text)
    if (course === 'dies in the middle') return
    if (course === 'reports an error') return yield { kind: 'error' }
    if (course === 'hangs in the middle') {
      if (!(await isCut(silenceMs))) yield { kind: 'timeout' }
      return
    }
  }
  yield { kind: 'chunk', chunk: { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] } }
  if (!claims) return
  const output = text.repeat(count)
  const factor = course === 'lies about usage' ? 3 : 1
  const usage = {
    prompt: 20 * factor,
    cached_prompt: 0,
    completion: Math.ceil(output.length / 4) * factor,
  }
  const claim = claimOf(order, { ticketHash, output, usage })
  yield { kind: 'claim', claim, receiptHash: ticketHash }
}

/** Each as a read of its own. */
async function* oneByOne(events: AsyncGenerator<Event>): AsyncGenerator<readonly Event[]> {
  for await (const event of events) yield [event]
}

const says = (content: string): Event => ({
  kind: 'chunk',
  chunk: { choices: [{ index: 0, delta: { content } }] },
})

function claimOf(
  { candidate }: AttemptOrder,
  of: { readonly ticketHash: string; readonly output: string; readonly usage: TokenCounts },
): SignedClaim {
  const node = nodes.find(({ nodeId }) => nodeId === candidate.nodeId)
  if (!node) throw new Error(`no node ${candidate.nodeId} in the simulation`)
  return signClaim(
    {
      v: 1,
      ticket_hash: of.ticketHash,
      node_id: candidate.nodeId,
      usage: of.usage,
      finish_reason: 'stop',
      output_sha256: sha256Hex(of.output),
      first_content_ms: 1,
      total_ms: 2,
      runtime: { kind: 'vllm', version: '0.11.2' },
      artifact_digest: candidate.artifactDigest,
    },
    node.signer,
  )
}

const hex64 = (u32: () => number): string => {
  let text = ''
  for (let word = 0; word < 8; word += 1) text += u32().toString(16).padStart(8, '0')
  return text
}
