/**
 * From what an operator asks to what is signed. Operators name builds by their catalogue id alone;
 * digests, names and nonces come from here, so that nobody can ask a host for something else.
 */
import * as z from 'zod'
import type { PricedModel } from '../catalogue/model.ts'
import type { ProfileManifest } from '../protocol/catalogue.ts'
import type { Ids } from '../protocol/clock.ts'
import { ProfileId } from '../protocol/ids.ts'
import {
  type JobOrder,
  JobSetting,
  jobLifeMsMax,
  jobTerms,
  Preflight,
  RuntimeId,
} from '../protocol/job.ts'
import { ReleaseVersion, SignedRelease } from '../protocol/release.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { JobDraft } from './job-record.ts'

const nothing = z.strictObject({}).default({})
const build = z.strictObject({ profile_id: ProfileId })

const asked = <Type extends string, Args extends z.ZodType>(type: Type, args: Args) =>
  z.strictObject({ type: z.literal(type), args, ...askedTerms })

/** The operator's own id of what is asked for; it stands in references of rollouts as well. */
const JobReference = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:@-]{0,99}$/, 'must be 1 to 100 letters, digits, "._:@-"')

const askedTerms = {
  reference: JobReference,
  not_before: z.iso.datetime().optional(),
  expires_in_s: z
    .int()
    .min(60)
    .max(jobLifeMsMax / 1000)
    .default(3600),
  /** The type's own where left out. */
  timeout_s: z.int().min(1).optional(),
  requires_agent: ReleaseVersion.default('0.0.0'),
  preflight: z.array(Preflight).max(Preflight.options.length).default([]),
  approval: z.string().trim().min(1).max(128).optional(),
}

export const AskedJob = z.discriminatedUnion('type', [
  asked('health.check', nothing),
  asked('inventory.refresh', nothing),
  asked('model.pull', build),
  asked('model.remove', build),
  asked('model.hash_range', build),
  asked('runtime.restart', z.strictObject({ runtime_id: RuntimeId })),
  asked('tunnel.reconnect', nothing),
  asked('config.set', JobSetting),
  asked('agent.update', z.strictObject({ release: SignedRelease })),
  asked('diagnostics.bundle', nothing),
  asked('drain', nothing),
  asked('resume', nothing),
])
export type AskedJob = z.infer<typeof AskedJob>

export type OrderContext = {
  readonly models: readonly PricedModel[]
  readonly ids: Ids
  readonly nowMs: number
  readonly actor: string
}

/** Everything but the node, the job's id and its reference: one order may go to many nodes. */
export type OrderedJob = Omit<JobDraft, 'jobId' | 'nodeId' | 'reference' | 'rolloutId'>

export function orderJob(asked: AskedJob, context: OrderContext): Result<OrderedJob> {
  const terms = jobTerms[asked.type]
  const timeoutMs = asked.timeout_s === undefined ? terms.timeoutMs : asked.timeout_s * 1000
  if (timeoutMs > terms.timeoutMsMax) {
    return refuse('invalid_value', {
      param: 'timeout_s',
      message: `A ${asked.type} may take ${terms.timeoutMsMax / 1000} s at most.`,
    })
  }
  const { nowMs } = context
  const notBeforeMs = asked.not_before === undefined ? nowMs : Date.parse(asked.not_before)
  const expiresAtMs = Math.max(nowMs, notBeforeMs) + asked.expires_in_s * 1000
  if (expiresAtMs - nowMs > jobLifeMsMax) {
    return refuse('invalid_value', {
      param: 'not_before',
      message: 'A job must end within 24 hours: order it later or let it expire sooner.',
    })
  }
  const order = resolve(asked, context)
  if (!order.ok) return order
  return ok({
    order: order.value,
    actor: context.actor,
    approval: asked.approval ?? null,
    createdAtMs: nowMs,
    notBeforeMs: Math.max(nowMs, notBeforeMs),
    expiresAtMs,
    timeoutMs,
    requires: { agent: asked.requires_agent, modes: [...terms.modes] },
    preflight: asked.preflight,
    rollback: terms.rollback,
  })
}

function resolve(asked: AskedJob, { models, ids }: OrderContext): Result<JobOrder> {
  switch (asked.type) {
    case 'model.pull': {
      const manifest = manifestOf(models, asked.args.profile_id)
      if (!manifest) return unknownProfile()
      const { ollama_name } = manifest
      if (ollama_name === undefined) {
        return refuse('invalid_value', {
          param: 'args.profile_id',
          message:
            'The catalogue does not say where this build is: give its profile an ollama_name.',
        })
      }
      return ok({ type: asked.type, args: { ...buildOf(manifest), ollama_name } })
    }
    case 'model.remove': {
      const manifest = manifestOf(models, asked.args.profile_id)
      return manifest ? ok({ type: asked.type, args: buildOf(manifest) }) : unknownProfile()
    }
    case 'model.hash_range': {
      const manifest = manifestOf(models, asked.args.profile_id)
      if (!manifest) return unknownProfile()
      return ok({ type: asked.type, args: { ...buildOf(manifest), nonce: ids.token(16) } })
    }
    case 'runtime.restart':
      return ok({ type: asked.type, args: asked.args })
    case 'config.set':
      return ok({ type: asked.type, args: asked.args })
    case 'agent.update':
      return ok({ type: asked.type, args: asked.args })
    default:
      return ok({ type: asked.type, args: {} })
  }
}

const manifestOf = (models: readonly PricedModel[], profileId: string) =>
  models.flatMap(({ profiles }) => profiles).find(({ profile_id }) => profile_id === profileId)

const buildOf = ({ profile_id, artifact }: ProfileManifest) => ({
  profile_id,
  artifact_digest: artifact.digest,
})

const unknownProfile = () =>
  refuse('invalid_value', {
    param: 'args.profile_id',
    message: 'The catalogue has no profile with this id.',
  })
