/** The load generator: all clients of a run, in a process of their own. */
import { Agent } from 'node:http'
import { makeClient } from './client.ts'
import { ClientsSetup, ordered, readSetup, tell } from './messages.ts'

const setup = readSetup(ClientsSetup)
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
const stop = new AbortController()
void ordered('stop').then(() => stop.abort())
const going = ordered('go')
// Whoever ends the run has heard everything by then.
for (const end of ['SIGTERM', 'disconnect'] as const) process.once(end, () => process.exit(0))

const clients = Array.from({ length: setup.streams }, (_, place) =>
  makeClient(setup, { place, agent }),
)
console.log('{"ready":true}')

await going
let running = clients.length
await Promise.all(
  clients.map(async (client) => {
    await client.run(stop.signal)
    running -= 1
    tell({ kind: 'running', streams: running })
  }),
)
agent.destroy()
