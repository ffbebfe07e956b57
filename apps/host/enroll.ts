/**
 * Turns this host's key into a node of its owner: a challenge, then the signed enrolment with the
 * one-time code. Doing it again with the same key gives the same node.
 */
import { hostname } from 'node:os'
import { JoinCode } from '../../src/protocol/enrolment.ts'
import { makeServerClock, systemClock } from './clock.ts'
import { readConfig } from './config.ts'
import { type Answer, makeControlPlane } from './control-plane.ts'
import { checkedIngestUrl } from './ingest-url.ts'
import { loadOrMakeNodeKey } from './node-key.ts'
import { routeOfferOf } from './route-offer.ts'
import { type Enrolment, readState, writeState } from './state-file.ts'
import { StatedError } from './stated-error.ts'
import { agentVersion } from './version.ts'

/** Throws a StatedError where the enrolment is not to be had; then nothing but the key is kept. */
export async function enroll(options: {
  readonly configPath: string
  readonly code: string
  readonly ingestUrl: string
}): Promise<Enrolment> {
  if (!JoinCode.safeParse(options.code).success) {
    throw new StatedError('--code is not a join code: ask the operator for a new one.')
  }
  const ingestUrl = checkedIngestUrl(options.ingestUrl)
  const config = await readConfig(options.configPath)
  const route = await routeOfferOf(config)
  const before = await readState(config.state_file)
  const key = await loadOrMakeNodeKey(config.key_file)
  const serverClock = makeServerClock(systemClock)
  const controlPlane = makeControlPlane({ ...key, ingestUrl, clock: systemClock, serverClock })

  const challenge = acceptedOf(await controlPlane.challenge())
  const reply = acceptedOf(
    await controlPlane.enrol(
      {
        public_key: key.signer.publicKey,
        join_code: options.code,
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
      challenge.stage,
    ),
  )
  if (reply.node_id !== key.nodeId) {
    throw new StatedError('Ingest named another node than this key makes: check the ingest URL.')
  }
  const { server_time_ms: _, ...facts } = reply
  const enrolment = { ...facts, ingest_url: ingestUrl }
  const clock_offset_ms = serverClock.offsetMs()
  await writeState(config.state_file, { ...before, enrolment, clock_offset_ms })
  return enrolment
}

function acceptedOf<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value
  const { code, message } = answer.error
  throw new StatedError(`Enrolment was refused (${code}): ${message}`)
}
