/** What a heartbeat uses of ingest: simulated nodes beat as the agent does, signatures and all. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { envKey } from '../../src/names.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { nodeAliasOf, nodeIdOf } from '../../src/protocol/node-identity.ts'
import { makeSimulatedNode } from '../../test/load/simulated-node.ts'
import { freePort } from '../../test/support/embedded-dynamodb.ts'
import { fleetOver } from '../../test/support/enrolled-fleet.ts'
import { startByteCounter } from './byte-counter.ts'
import type { Bench } from './measure.ts'
import type { Measured } from './measured.ts'
import { startSubject } from './subject.ts'

const nodes = 4
const intervalMs = 250
const warmMs = 5_000
const measuredMs = 15_000

export async function measureHeartbeat({
  bench,
  meter,
  env,
}: Bench): Promise<Measured['heartbeat']> {
  const port = await freePort()
  const ingest = await startSubject({
    file: join(import.meta.dirname, '..', '..', 'test', 'load', 'ingest-process.ts'),
    env: { ...env, PORT: String(port), [envKey.beatIntervalMs]: String(intervalMs) },
  })
  const counter = await startByteCounter(port)
  const stop = new AbortController()
  try {
    const fleet = await Promise.all(
      Array.from({ length: nodes }, async () => {
        const identity = await enrolled(bench)
        return makeSimulatedNode(identity, {
          url: `${counter.url}/ingest/v1`,
          stage: 'local',
          intervalMs,
        })
      }),
    )
    const beats = () => fleet.reduce((sum, node) => sum + node.beats.length, 0)
    const running = fleet.map((node) => node.run(stop.signal))
    await delay(warmMs)
    await ingest.takeLog()
    const before = { beats: beats(), cpuMs: await ingest.cpuMs() }
    meter.take()
    counter.take()
    await delay(measuredMs)
    const count = beats() - before.beats
    const { calls, readUnits, writeUnits } = meter.take()
    const replyBytes = counter.take()
    const cpuMs = (await ingest.cpuMs()) - before.cpuMs
    const { lines, bytes } = await ingest.takeLog()
    stop.abort()
    await Promise.all(running)
    const failed = fleet.flatMap((node) => node.beats).filter(({ code }) => code !== 'ok')
    if (failed.length > 0 || count < 1)
      throw new Error(`beats failed: ${JSON.stringify(failed[0])}`)
    return {
      calls: calls / count,
      readUnits: readUnits / count,
      writeUnits: writeUnits / count,
      cpuMs: cpuMs / count,
      logLines: lines / count,
      logBytes: bytes / count,
      replyBytes: replyBytes / count,
    }
  } finally {
    stop.abort()
    counter.stop()
    await ingest.stop()
  }
}

async function enrolled(bench: Bench['bench']) {
  const signer = makeSigner(generatePrivateKey())
  const nodeId = nodeIdOf(signer.publicKey)
  await fleetOver(bench).enrol({
    node: { nodeId, publicKey: signer.publicKey, alias: nodeAliasOf(nodeId) },
    beat: 'none',
    probe: 'none',
  })
  return { nodeId, signer }
}
