/** The control plane as a command asks it: with the node's key, outside of a running agent. */
import { makeServerClock, systemClock } from './clock.ts'
import { type HostConfig, readConfig } from './config.ts'
import { type ControlPlane, makeControlPlane } from './control-plane.ts'
import { loadEnrolledKey } from './enrolled-key.ts'
import { checkedIngestUrl } from './ingest-url.ts'
import type { NodeKey } from './node-key.ts'
import type { Enrolment, HostState } from './state-file.ts'
import { StatedError } from './stated-error.ts'

/** Throws a StatedError where the host is not enrolled. */
export async function openControlPlane(configPath: string): Promise<{
  readonly config: HostConfig
  readonly node: NodeKey
  readonly state: HostState
  readonly enrolment: Enrolment
  readonly controlPlane: ControlPlane
}> {
  const config = await readConfig(configPath)
  const { node, state } = await loadEnrolledKey(config)
  const { enrolment } = state
  if (node === undefined || enrolment === null) {
    throw new StatedError('This host is not enrolled: run b3iq-host enroll with a join code first.')
  }
  const ingestUrl = checkedIngestUrl(config.ingest_url ?? enrolment.ingest_url)
  const serverClock = makeServerClock(systemClock, state.clock_offset_ms)
  const controlPlane = makeControlPlane({ ...node, ingestUrl, clock: systemClock, serverClock })
  return { config, node, state, enrolment, controlPlane }
}
