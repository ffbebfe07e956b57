/**
 * Which signed jobs a heartbeat's reply carries. Offers are made when a beat can carry them, so a
 * node that is away is offered nothing, and what it missed is told again under the same number.
 */
import type { NowMs } from '../protocol/clock.ts'
import type { Signer } from '../protocol/ed25519.ts'
import { type Job, jobHash, jobOffersMax, type SignedJob, signJob } from '../protocol/job.ts'
import { limits } from '../protocol/limits.ts'
import type { JobRecord } from './job-record.ts'
import { isOfferable, isOver, offerJob, passTime } from './life-cycle.ts'
import type { JobStore } from './ports.ts'

export type OfferDeps = {
  readonly jobs: Pick<JobStore, 'readJobAt' | 'writeJob' | 'nextSeq'>
  readonly jobSigner: { readonly keyId: string; readonly signer: Signer }
  readonly stage: string
  readonly nowMs: NowMs
}

/** An agent that went past an offer without a word about it has lost it, after this long. */
const lostAfterMs = 2 * 60_000

export type Listener = {
  readonly nodeId: string
  readonly openJobs: readonly string[]
  /** The highest sequence number that the agent has taken. */
  readonly lastSeq: number
}

/** Rising by sequence number: an agent takes no number below one that it has taken. */
export async function offerJobs(
  deps: OfferDeps,
  { nodeId, openJobs, lastSeq }: Listener,
): Promise<readonly SignedJob[]> {
  const read = await Promise.all(
    openJobs
      .slice(0, limits.jobsOpenPerNode)
      .map((jobId) => deps.jobs.readJobAt({ nodeId, jobId })),
  )
  const nowMs = deps.nowMs()
  const open = read
    .filter((job) => job !== undefined)
    .map((job) => ({ job: passTime(job, nowMs), rev: job.rev }))
    .filter(({ job }) => !isOver(job))
  const taken = open.map(({ job }) => job).filter(isTaken)
  const room = limits.jobsPerBeat - taken.length
  const waiting = open
    .filter(({ job }) => !isTaken(job))
    .toSorted((one, other) => (one.job.jobId < other.job.jobId ? -1 : 1))
  const offered: JobRecord[] = []
  for (const { job, rev } of waiting) {
    if (offered.length >= room) break
    if (isBehindItsKind(job, [...taken, ...offered])) continue
    const one = await offerOne(deps, { job, rev, lastSeq, nowMs })
    if (one) offered.push(one)
  }
  return offered
    .toSorted((one, other) => seqOf(one) - seqOf(other))
    .map((job) => signJob(documentOf(job, deps.stage), deps.jobSigner.signer))
}

const isTaken = ({ state }: JobRecord) => state === 'accepted' || state === 'running'
const seqOf = ({ offer }: JobRecord) => offer?.seq ?? 0

/** One at a time of each type, or the second would stand in the way of everything after it. */
const isBehindItsKind = (job: JobRecord, others: readonly JobRecord[]) =>
  others.some((one) => one.order.type === job.order.type)

async function offerOne(
  deps: OfferDeps,
  at: {
    readonly job: JobRecord
    readonly rev: number
    readonly lastSeq: number
    readonly nowMs: number
  },
): Promise<JobRecord | undefined> {
  const { job, rev, lastSeq, nowMs } = at
  // It may still be under way from an earlier offer; a refusal of this one would end that too.
  if (nowMs >= job.expiresAtMs) return undefined
  if (job.state === 'offered' && job.offer && !mustRenew(deps, job.offer, lastSeq, nowMs)) {
    return job.offer.seq > lastSeq ? job : undefined
  }
  const isDue = job.state === 'offered' ? job.offered < jobOffersMax : isOfferable(job, nowMs)
  if (!isDue) return undefined
  const seq = await deps.jobs.nextSeq(job.nodeId)
  const { keyId } = deps.jobSigner
  const draft = offerJob(job, { seq, keyId, atMs: nowMs, sha256: '' })
  const sha256 = jobHash(documentOf(draft, deps.stage))
  const offered = { ...draft, offer: { seq, keyId, atMs: nowMs, sha256 }, rev: rev + 1 }
  // Another beat of the node, or an operator, was faster: the next beat sees what came of it.
  return (await deps.jobs.writeJob(offered, rev)) ? offered : undefined
}

function mustRenew(
  { jobSigner }: OfferDeps,
  { seq, keyId, atMs }: NonNullable<JobRecord['offer']>,
  lastSeq: number,
  nowMs: number,
): boolean {
  return keyId !== jobSigner.keyId || (seq <= lastSeq && nowMs - atMs > lostAfterMs)
}

/** The document that is signed; the same bytes each time an offer is told. */
export function documentOf(job: JobRecord, stage: string): Job {
  const { type, args } = job.order
  return {
    v: 1,
    stage,
    key_id: job.offer?.keyId ?? '',
    job_id: job.jobId,
    attempt: job.offered,
    node_id: job.nodeId,
    job_seq: seqOf(job),
    issued_at_ms: job.createdAtMs,
    not_before_ms: job.notBeforeMs,
    expires_at_ms: job.expiresAtMs,
    requires: job.requires,
    preflight: job.preflight,
    timeout_ms: job.timeoutMs,
    rollback: job.rollback,
    actor: job.actor,
    approval: job.approval,
    type,
    args,
  }
}
