/**
 * The keys of the operator that this node listens to: ticket roots and job keys. Those of the enrolment
 * are the beginning; later ones come with heartbeats and count where a root that is trusted already leads
 * to them, so that whoever speaks for ingest cannot give orders by that alone.
 */
import * as z from 'zod'
import type { NowMs } from '../../src/protocol/clock.ts'
import { PublicKey } from '../../src/protocol/ed25519.ts'
import { type EnrolReply, JobPublicKey } from '../../src/protocol/enrolment.ts'
import type { HeartbeatReply } from '../../src/protocol/heartbeat.ts'
import { clockSkewMaxMs } from '../../src/protocol/http-signature.ts'
import { Sha256Hex } from '../../src/protocol/ids.ts'
import { isEnded, keysFollowing } from '../../src/protocol/key-succession.ts'
import type { PublishedKey } from '../../src/protocol/published-keys.ts'
import type { Log } from './log.ts'

const Ends = { not_after_ms: z.int().nullable() }

/** What is kept of the last list, over restarts. */
export const LearnedKeys = z.object({
  digest: Sha256Hex,
  /** Why the list was not taken; the keys are those of before then. */
  refused: z.enum(['wrong_stage', 'no_known_root', 'no_root_in_use', 'no_job_key']).nullable(),
  ticket_roots: z.array(z.object({ public_key: PublicKey, ...Ends })),
  job_keys: z.array(JobPublicKey.extend(Ends)),
})
export type LearnedKeys = z.infer<typeof LearnedKeys>

type Enrolled = Pick<EnrolReply, 'stage' | 'ticket_root_public_keys' | 'job_public_keys'> & {
  readonly learned_keys?: LearnedKeys | undefined
}

export type OperatorKeys = {
  /** For a beat: what the last list was called, taken or not. */
  readonly digest: () => string | null
  readonly ticketRoots: () => readonly string[]
  readonly jobKeys: () => readonly JobPublicKey[]
  readonly learn: (keys: HeartbeatReply['keys']) => void
}

/** `keep` makes the enrolment hold what was learned; times are the server's. */
export function makeOperatorKeys(deps: {
  readonly enrolment: () => Enrolled
  readonly keep: (learned: LearnedKeys) => void
  readonly nowMs: NowMs
  readonly log: Log
}): OperatorKeys {
  const { enrolment, keep, nowMs, log } = deps
  const inForce = () => keysInForce(enrolment(), nowMs())
  return {
    digest: () => enrolment().learned_keys?.digest ?? null,
    ticketRoots: () => inForce().ticket_roots.map(({ public_key }) => public_key),
    jobKeys: () => inForce().job_keys.map(({ key_id, public_key }) => ({ key_id, public_key })),
    learn: (keys) => {
      if (keys === undefined) return
      const learned = learnedFrom(keys, enrolment(), nowMs())
      keep(learned)
      log('operator_keys', {
        code: learned.refused ?? 'ok',
        ticket_roots: learned.ticket_roots.length,
        job_keys: learned.job_keys.length,
      })
    },
  }
}

type Keys = Pick<LearnedKeys, 'ticket_roots' | 'job_keys'>

/** Those of the enrolment until a list was taken. */
export function keysInForce(enrolled: Enrolled, nowMs: number): Keys {
  const { ticket_roots, job_keys } = enrolled.learned_keys ?? enrolledKeys(enrolled)
  const isInForce = (key: { readonly not_after_ms: number | null }) => !isEnded(key, nowMs)
  return { ticket_roots: ticket_roots.filter(isInForce), job_keys: job_keys.filter(isInForce) }
}

function enrolledKeys({ ticket_root_public_keys, job_public_keys }: Enrolled): Keys {
  return {
    ticket_roots: ticket_root_public_keys.map((public_key) => ({ public_key, not_after_ms: null })),
    job_keys: job_public_keys.map((key) => ({ ...key, not_after_ms: null })),
  }
}

function learnedFrom(
  { digest, published }: NonNullable<HeartbeatReply['keys']>,
  enrolled: Enrolled,
  nowMs: number,
): LearnedKeys {
  const before = keysInForce(enrolled, nowMs)
  if (published.stage !== enrolled.stage) return { digest, refused: 'wrong_stage', ...before }
  const known = before.ticket_roots.map(({ public_key }) => public_key)
  // Ended roots may still be links of the chain, which is why they are left out only at its end.
  const following = keysFollowing(published, known).filter((key) => !isEnded(key, nowMs))
  const refused = faultIn(following, nowMs)
  return { digest, refused, ...(refused === null ? keptOf(following) : before) }
}

/** What a list that is honest never lacks: ends are not signed, so anybody may write them into one. */
function faultIn(following: readonly PublishedKey[], nowMs: number): LearnedKeys['refused'] {
  const roots = following.filter(({ use }) => use === 'ticket_root')
  if (roots.length === 0) return 'no_known_root'
  // Once every root has ended the node could not be told of another one ever again.
  if (!roots.some((root) => isInUse(root, nowMs))) return 'no_root_in_use'
  return following.some(({ use }) => use === 'job') ? null : 'no_job_key'
}

/** Its start is signed; a coming root is not enough, as it leads to nothing yet. */
const isInUse = ({ not_before_ms, not_after_ms }: PublishedKey, nowMs: number): boolean =>
  not_after_ms === null && not_before_ms <= nowMs + clockSkewMaxMs

function keptOf(following: readonly PublishedKey[]): Keys {
  return {
    ticket_roots: following
      .filter(({ use }) => use === 'ticket_root')
      .map(({ public_key, not_after_ms }) => ({ public_key, not_after_ms })),
    job_keys: following
      .filter(({ use }) => use === 'job')
      .map(({ key_id, public_key, not_after_ms }) => ({ key_id, public_key, not_after_ms })),
  }
}
