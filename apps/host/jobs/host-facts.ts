/** Jobs that only look: how the host is, what it has, and what somebody who is to help must know. */
import { inventoryDigest } from '../../../src/protocol/heartbeat.ts'
import type { Ground, Outcome } from './ground.ts'

export async function checkHealth(ground: Ground): Promise<Outcome> {
  await ground.poll()
  const runtimes = ground.runtimes().map(({ id, kind, reachable }) => ({ id, kind, reachable }))
  const disk_free_bytes = (await ground.diskFreeBytes()) ?? null
  return {
    kind: 'succeeded',
    output: { ...ground.facts(), runtimes, disk_free_bytes, in_flight: ground.inFlight() },
  }
}

/** The next beat names the digest, and the control plane asks for what it does not know. */
export async function refreshInventory(ground: Ground): Promise<Outcome> {
  await ground.poll()
  const models = ground.models()
  return {
    kind: 'succeeded',
    output: { models: models.length, inventory_digest: inventoryDigest(models) },
  }
}

export async function diagnose(ground: Ground): Promise<Outcome> {
  const disk_free_bytes = (await ground.diskFreeBytes()) ?? null
  return { kind: 'succeeded', output: { ...ground.diagnostics(), disk_free_bytes } }
}
