/** Some of the hosts of a load run, in one process: they answer, beat, and fail as the plan says. */
import { setTimeout as delay } from 'node:timers/promises'
import { makeDatabase } from '../../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../../src/adapters/dynamodb/fleet-store.ts'
import { aBeat } from '../../adapters/dynamodb/facts.ts'
import { HostsSetup, ordered, readSetup, tell } from './messages.ts'
import { type MortalHost, startMortalHost } from './mortal-host.ts'
import { queueOf } from './queue-of.ts'

const setup = readSetup(HostsSetup)
const { tables, endpoint, slots, stage, rootPublicKeys, tokenDelayMs } = setup
const fleet = makeFleetStore(makeDatabase({ tables, endpoint }))
for (const end of ['SIGTERM', 'disconnect'] as const) process.once(end, () => process.exit(0))
const going = ordered('go')

const hosts = new Map<number, MortalHost>()
for (const host of setup.hosts) {
  const started = await startMortalHost({
    mark: host.toString(36),
    slots,
    tokenDelayMs,
    stage,
    rootPublicKeys,
    onFault: (event) => console.error(`host ${host}: ${event}`),
  })
  hosts.set(host, started)
  const { node, url } = started
  tell({ kind: 'listening', host, nodeId: node.nodeId, publicKey: node.signer.publicKey, url })
}
console.log('{"ready":true}')

await going
const startedAtMs = Date.now()
for (const host of hosts.values()) void beatOn(host)
for (const [place, host] of hosts) void failOn(place, host)

async function beatOn(host: MortalHost): Promise<void> {
  const { nodeId } = host.node
  for (;;) {
    await delay(setup.beatEveryMs * (0.9 + 0.2 * Math.random()))
    if (!host.beats()) continue
    const atMs = Date.now()
    const beat = { seq: atMs, beatAtMs: atMs, queues: queueOf(host.inFlight(), slots) }
    // The next beat says all that a lost one did.
    await fleet.recordBeat(aBeat(nodeId, beat)).catch(() => undefined)
  }
}

async function failOn(place: number, host: MortalHost): Promise<void> {
  for (const fault of setup.faults.filter((one) => one.host === place)) {
    await delay(Math.max(0, startedAtMs + fault.atMs - Date.now()))
    tell({ kind: 'failing', fault })
    await host.suffer(fault)
    tell({ kind: 'back', fault })
  }
}
