/**
 * Gives the node a new key. The new key lies beside the old one until the control plane has taken
 * it; that is noted, and the rest follows from the note. Cut off at any point, the next start or the
 * next `rotate-key` goes on from there. A running agent keeps the old key until it is restarted.
 */
import { signRotation } from '../../src/protocol/rotation.ts'
import { loadEnrolledKey, nextKeyFileOf, writeRotationNote } from './enrolled-key.ts'
import { loadOrMakeNodeKey } from './node-key.ts'
import { openControlPlane } from './open-control-plane.ts'
import { StatedError } from './stated-error.ts'

/** Throws a StatedError where the control plane does not take the new key; then the old one stands. */
export async function rotateKey(configPath: string, nowMs: () => number): Promise<string> {
  const { config, node, state, enrolment, controlPlane } = await openControlPlane(configPath)
  const next = await loadOrMakeNodeKey(nextKeyFileOf(config.key_file))
  const rotation = () => ({
    v: 1 as const,
    stage: enrolment.stage,
    old_node_id: node.nodeId,
    new_node_id: next.nodeId,
    new_public_key: next.signer.publicKey,
    at_ms: nowMs() + state.clock_offset_ms,
  })
  const answer = await controlPlane.rotate(
    () => signRotation(rotation(), next.signer),
    enrolment.stage,
  )
  if (!answer.ok) {
    const { code, message } = answer.error
    throw new StatedError(`The new key was not taken (${code}): ${message} The old one stands.`)
  }
  const { node_id, alias, status, route_epoch, old_until_ms } = answer.value
  const old_node_id = node.nodeId
  if (node_id !== next.nodeId) {
    throw new StatedError('Ingest named another node than the new key makes: check the ingest URL.')
  }
  const note = { old_node_id, node_id, alias, status, route_epoch }
  await writeRotationNote(config.key_file, note)
  await loadEnrolledKey(config)
  const until = new Date(old_until_ms).toISOString()
  return `This node is now ${alias} (${node_id}): restart b3iq-host run. The old key is heard until ${until}.`
}
