/**
 * Jobs: what the control plane may ask a node to do, which is this list and nothing else. Every
 * type has arguments of one strict shape, made of ids and numbers, so that no job can carry a
 * command. A job is signed by a key that signs nothing but jobs.
 */
import * as z from 'zod'
import { domainHash } from './canonical.ts'
import { OllamaName } from './catalogue.ts'
import { Signature, type Signer, verifyTagged } from './ed25519.ts'
import type { Heartbeat } from './heartbeat.ts'
import { ArtifactDigest, NodeId, ProfileId, ulid } from './ids.ts'
import { NodeMode } from './node-conditions.ts'
import { ReleaseVersion, SignedRelease } from './release.ts'

const nothing = z.strictObject({})

/** A build of the catalogue; the digest is what its manifest approves. */
const Build = z.strictObject({ profile_id: ProfileId, artifact_digest: ArtifactDigest })

const HashNonce = z.string().regex(/^[A-Za-z0-9_-]{22}$/)
export const RuntimeId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/)

/** What `config.set` knows. Each is a ceiling: the owner's own limit stands where it is lower. */
export const JobSetting = z.discriminatedUnion('key', [
  z.strictObject({ key: z.literal('max_concurrency'), value: z.int().min(1).max(4096) }),
  z.strictObject({ key: z.literal('paid_enabled'), value: z.boolean() }),
])
export type JobSetting = z.infer<typeof JobSetting>

const order = <Type extends string, Args extends z.ZodType>(type: Type, args: Args) =>
  z.strictObject({ type: z.literal(type), args })

export const JobOrder = z.discriminatedUnion('type', [
  order('health.check', nothing),
  order('inventory.refresh', nothing),
  order('model.pull', Build.extend({ ollama_name: OllamaName })),
  order('model.remove', Build),
  order('model.hash_range', Build.extend({ nonce: HashNonce })),
  order('runtime.restart', z.strictObject({ runtime_id: RuntimeId })),
  order('tunnel.reconnect', nothing),
  order('config.set', JobSetting),
  order('agent.update', z.strictObject({ release: SignedRelease })),
  order('diagnostics.bundle', nothing),
  order('drain', nothing),
  order('resume', nothing),
])
export type JobOrder = z.infer<typeof JobOrder>
export type JobType = JobOrder['type']
export type JobArgs<Type extends JobType> = Extract<JobOrder, { type: Type }>['args']

export const jobTypes: readonly JobType[] = JobOrder.options.map(({ shape }) => shape.type.value)
export const JobType = z.enum(jobTypes)

export const Preflight = z.enum([
  'idle',
  'runtime_reachable',
  'disk_free_10gib',
  'disk_free_50gib',
  'disk_free_200gib',
])
export type Preflight = z.infer<typeof Preflight>

type JobTerms = {
  readonly timeoutMs: number
  readonly timeoutMsMax: number
  /** `undo`: what a failed run has changed is taken back. */
  readonly rollback: 'none' | 'undo'
  readonly modes: readonly Heartbeat['mode'][]
}

const minuteMs = 60_000
const short = { timeoutMs: minuteMs, timeoutMsMax: 10 * minuteMs, rollback: 'none' } as const
const enrolledModes = ['managed', 'network'] as const
const quick: JobTerms = { ...short, modes: enrolledModes }

/** Compiled into both sides; a job that asks for more is refused by the agent. */
export const jobTerms: Readonly<Record<JobType, JobTerms>> = {
  'health.check': quick,
  'inventory.refresh': quick,
  'model.pull': {
    timeoutMs: 60 * minuteMs,
    timeoutMsMax: 12 * 60 * minuteMs,
    rollback: 'undo',
    modes: enrolledModes,
  },
  'model.remove': quick,
  'model.hash_range': { ...quick, timeoutMs: 5 * minuteMs },
  'runtime.restart': { ...quick, timeoutMs: 5 * minuteMs },
  'tunnel.reconnect': quick,
  'config.set': { ...quick, rollback: 'undo' },
  'agent.update': {
    timeoutMs: 10 * minuteMs,
    timeoutMsMax: 60 * minuteMs,
    rollback: 'undo',
    modes: enrolledModes,
  },
  'diagnostics.bundle': quick,
  drain: quick,
  resume: quick,
}

export const jobLifeMsMax = 24 * 60 * minuteMs
export const jobAttemptsMax = 3
/** Offers that a silent agent did not take to an end are not counted as attempts, but bounded too. */
export const jobOffersMax = 64

export const JobId = z.string().regex(new RegExp(`^job_${ulid}$`))
const timeMs = z.int().min(0)

const terms = {
  v: z.literal(1),
  stage: z.string().min(1).max(32),
  key_id: z.string().min(1).max(64),
  job_id: JobId,
  /** Rises with each offer of the job after a failure or a silence. */
  attempt: z.int().min(1).max(jobOffersMax),
  node_id: NodeId,
  /** Rises with every offer that the node was ever made. */
  job_seq: z.int().min(1),
  issued_at_ms: timeMs,
  not_before_ms: timeMs,
  /** Not to be begun after this; what runs may go on to its time-out. */
  expires_at_ms: timeMs,
  requires: z.strictObject({
    /** The lowest agent that may run it. */
    agent: ReleaseVersion,
    modes: z.array(NodeMode).min(1).max(NodeMode.options.length),
  }),
  preflight: z.array(Preflight).max(Preflight.options.length),
  timeout_ms: z.int().min(1_000),
  rollback: z.enum(['none', 'undo']),
  /** Key id of the operator who asked, and what approved it, if anything did. */
  actor: z.string().min(1).max(64),
  approval: z.string().min(1).max(128).nullable(),
}

/** Readable whatever its type, so that an agent can refuse a type of tomorrow by its name. */
export const Job = z.strictObject({ ...terms, type: z.string().max(64), args: z.json() })
export type Job = z.infer<typeof Job>

export const SignedJob = z.strictObject({ job: Job, signature: Signature })
export type SignedJob = z.infer<typeof SignedJob>

export type OrderOf =
  | { readonly kind: 'known'; readonly order: JobOrder }
  | { readonly kind: 'unknown_type' }
  | { readonly kind: 'invalid_args' }

export function orderOf({ type, args }: Pick<Job, 'type' | 'args'>): OrderOf {
  if (!JobType.safeParse(type).success) return { kind: 'unknown_type' }
  const parsed = JobOrder.safeParse({ type, args })
  return parsed.success ? { kind: 'known', order: parsed.data } : { kind: 'invalid_args' }
}

export const jobHash = (job: Job): string => domainHash('b3iq:job:v1', job)

export const signJob = (job: Job, by: Signer): SignedJob => ({
  job,
  signature: by.sign('b3iq:job:v1', job),
})

export const isGenuineJob = ({ job, signature }: SignedJob, publicKey: string): boolean =>
  verifyTagged('b3iq:job:v1', job, { publicKey, signature })
