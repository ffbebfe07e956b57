/**
 * Turns this host's key into a node: a challenge, then the signed enrolment with the owner's one-time code,
 * or with the identity of an EC2 instance that the operator launched. Doing it again with the same key gives the same node.
 */
import { hostname } from 'node:os'
import type { CallerIdentity, IdentityBinding } from '../../src/protocol/caller-identity.ts'
import { JoinCode } from '../../src/protocol/enrolment.ts'
import { makeServerClock, systemClock } from './clock.ts'
import { readConfig } from './config.ts'
import { type Answer, makeControlPlane } from './control-plane.ts'
import { checkedIngestUrl } from './ingest-url.ts'
import { loadOrMakeNodeKey } from './node-key.ts'
import { keysInForce } from './operator-keys.ts'
import { routeOfferOf } from './route-offer.ts'
import { type Enrolment, type HostState, readState, writeState } from './state-file.ts'
import { StatedError } from './stated-error.ts'
import { agentVersion } from './version.ts'

/** Throws a StatedError where the enrolment is not to be had; then nothing but the key is kept. */
export async function enroll(options: {
  readonly configPath: string
  /** Left out on EC2. */
  readonly code: string | undefined
  readonly ingestUrl: string
}): Promise<Enrolment> {
  if (options.code !== undefined && !JoinCode.safeParse(options.code).success) {
    throw new StatedError('--code is not a join code: ask the operator for a new one.')
  }
  const ingestUrl = checkedIngestUrl(options.ingestUrl)
  const config = await readConfig(options.configPath)
  if (options.code === undefined && config.machine !== 'ec2') {
    throw new StatedError('--code is missing: ask the operator for a join code.')
  }
  const route = await routeOfferOf(config)
  const before = await readState(config.state_file)
  const key = await loadOrMakeNodeKey(config.key_file)
  const serverClock = makeServerClock(systemClock)
  const controlPlane = makeControlPlane({ ...key, ingestUrl, clock: systemClock, serverClock })

  const challenge = acceptedOf(await controlPlane.challenge())
  const { stage } = challenge
  const binding = { stage, publicKey: key.signer.publicKey, challenge: challenge.challenge }
  const proof =
    options.code === undefined
      ? { caller_identity: await identityFor(binding, serverClock.nowMs()) }
      : { join_code: options.code }
  const reply = acceptedOf(
    await controlPlane.enrol(
      {
        public_key: key.signer.publicKey,
        ...proof,
        challenge: challenge.challenge,
        mode: config.mode,
        route,
        facts: {
          agent_version: agentVersion,
          os: process.platform,
          arch: process.arch,
          host_name: hostname().slice(0, 128),
        },
      },
      stage,
    ),
  )
  if (reply.node_id !== key.nodeId) {
    throw new StatedError('Ingest named another node than this key makes: check the ingest URL.')
  }
  const { server_time_ms: _, ...facts } = reply
  const enrolled = { ...facts, ingest_url: ingestUrl }
  const enrolment =
    options.code === undefined ? trustingAsBefore(enrolled, before, serverClock.nowMs()) : enrolled
  const clock_offset_ms = serverClock.offsetMs()
  await writeState(config.state_file, { ...before, enrolment, clock_offset_ms })
  return enrolment
}

/**
 * An EC2 host enrols at each start, for its route and its tunnel. It believes keys and not addresses all the
 * same: whoever answers then is no more to it than whoever answers a heartbeat. A code is its owner's word.
 */
function trustingAsBefore(
  enrolled: Enrolment,
  { enrolment: before }: Pick<HostState, 'enrolment'>,
  nowMs: number,
): Enrolment {
  const isSameNode = before?.node_id === enrolled.node_id && before.stage === enrolled.stage
  if (!isSameNode || keysInForce(before, nowMs).ticket_roots.length === 0) return enrolled
  const { ticket_root_public_keys, job_public_keys, learned_keys } = before
  return { ...enrolled, ticket_root_public_keys, job_public_keys, learned_keys }
}

async function identityFor(binding: IdentityBinding, nowMs: number): Promise<CallerIdentity> {
  // Only where it is needed: no other machine loads what signs for AWS.
  const { instanceIdentity } = await import('./instance-identity.ts')
  return instanceIdentity(binding, nowMs)
}

function acceptedOf<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value
  const { code, message } = answer.error
  throw new StatedError(`Enrolment was refused (${code}): ${message}`)
}
