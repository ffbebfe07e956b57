/**
 * What the agent must remember over a restart, and what `status` shows: one small JSON file that is
 * replaced whole, so that a reader or a power cut never meets half of it.
 */
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { EnrolReply } from '../../src/protocol/enrolment.ts'
import { Eligibility } from '../../src/protocol/heartbeat.ts'
import { ArtifactDigest } from '../../src/protocol/ids.ts'
import { NodeState } from '../../src/protocol/node-conditions.ts'
import { replaceFile } from './durable-file.ts'
import type { Log } from './log.ts'
import { LearnedKeys } from './operator-keys.ts'
import { errorCode, StatedError } from './stated-error.ts'

export const Enrolment = EnrolReply.pick({
  node_id: true,
  alias: true,
  status: true,
  stage: true,
  route_epoch: true,
  ticket_root_public_keys: true,
  job_public_keys: true,
  next_in_ms: true,
  tunnel: true,
}).extend({
  ingest_url: z.string(),
  /** Gone with a new enrolment by a code, whose own keys are the beginning again. */
  learned_keys: LearnedKeys.optional(),
})
export type Enrolment = z.infer<typeof Enrolment>

/** Hashing a model takes minutes; a file with the same size and time is not hashed again. */
export const HashedFile = z.object({
  path: z.string(),
  size_bytes: z.int().min(0),
  modified_at_ms: z.number(),
  digest: ArtifactDigest,
})
export type HashedFile = z.infer<typeof HashedFile>

export const HostState = z.object({
  v: z.literal(1),
  enrolment: Enrolment.nullable(),
  last_seq: z.int().min(0),
  clock_offset_ms: z.int(),
  /** `code` is `ok` or the error code that the control plane or the network answered. */
  last_beat: z.object({ at_ms: z.int(), code: z.string(), message: z.string() }).nullable(),
  eligibility: z.array(Eligibility),
  /** Whether the node takes work, and why not; null before the first run. */
  standing: z.object({ state: NodeState, reason: z.string().nullable() }).nullable().default(null),
  hashed_files: z.array(HashedFile),
})
export type HostState = z.infer<typeof HostState>

export const freshState: HostState = {
  v: 1,
  enrolment: null,
  last_seq: 0,
  clock_offset_ms: 0,
  last_beat: null,
  eligibility: [],
  standing: null,
  hashed_files: [],
}

/** A fresh state where there is no file yet; throws a StatedError for a damaged one. */
export async function readState(path: string): Promise<HostState> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return freshState
    throw new StatedError(`The state file ${path} cannot be read (${errorCode(error)}).`)
  }
  try {
    return HostState.parse(JSON.parse(text))
  } catch {
    throw new StatedError(`The state file ${path} is damaged: delete it and enrol again.`)
  }
}

/** Throws a StatedError where the file cannot be written. */
export async function writeState(path: string, state: HostState): Promise<void> {
  try {
    await replaceFile(path, `${JSON.stringify(state)}\n`)
  } catch (error) {
    throw new StatedError(
      `The state file ${path} cannot be written (${errorCode(error)}): choose a writable state_file.`,
    )
  }
}

export type StateStore = {
  readonly get: () => HostState
  /** Takes effect at once in memory; the file follows, and a full disk stops no heartbeat. */
  readonly update: (change: Partial<HostState>) => void
  /** Resolves when the file holds the latest state, or writing it has failed. */
  readonly flush: () => Promise<void>
}

export function makeStateStore(deps: {
  readonly path: string
  readonly initial: HostState
  readonly log: Log
}): StateStore {
  let state = deps.initial
  let dirty = false
  let writing: Promise<void> | undefined

  async function writeLatest(): Promise<void> {
    while (dirty) {
      dirty = false
      await writeState(deps.path, state).catch(() => deps.log('state_not_written'))
    }
    writing = undefined
  }

  return {
    get: () => state,
    update: (change) => {
      state = { ...state, ...change }
      dirty = true
      writing ??= writeLatest()
    },
    flush: async () => {
      await writing
    },
  }
}
