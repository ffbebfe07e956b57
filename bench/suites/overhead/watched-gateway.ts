/**
 * The gateway with its waits timed, and with a profile of its processor where one is asked for: composed as it
 * is deployed, and served in the same way. How fast it is is measured without any of this.
 */
import { once } from 'node:events'
import { Session } from 'node:inspector/promises'
import { serve } from '@hono/node-server'
import { composeGateway } from '../../../functions/compose/gateway.ts'
import { composeBase, system } from '../../../functions/compose/parts.ts'
import { makeAccountStore } from '../../../src/adapters/dynamodb/account-store.ts'
import { makeIncidentStore } from '../../../src/adapters/dynamodb/incident-store.ts'
import { makeKeyStore } from '../../../src/adapters/dynamodb/key-store.ts'
import { makePoolStore } from '../../../src/adapters/dynamodb/pool-store.ts'
import { makeGatewayApp } from '../../../src/gateway/app.ts'
import type { GatewayDeps } from '../../../src/gateway/deps.ts'
import { readShardFrom } from '../../../src/gateway/read-shard.ts'
import { serveParent } from '../../stage/parent.ts'
import { sharesOf } from './processor-time.ts'
import { makeTimeline } from './timeline.ts'
import { watchedDeps } from './watched-deps.ts'
import { Order, Setup } from './watched-orders.ts'

/** Short enough to see what takes a tenth of a millisecond, and long enough to cost little. */
const sampleEveryUs = 250

serveParent(async (given) => {
  const { caches } = Setup.parse(given)
  const timeline = makeTimeline()
  const deps = await composeGateway(process.env)
  const chosen = caches === 'stale' ? await withoutCaches(deps) : deps
  const timed = makeGatewayApp(watchedDeps(chosen, timeline))
  const plain = makeGatewayApp(chosen)
  // What is profiled is the gateway alone, and not how its waits are timed.
  let isProfiled = false
  const server = serve({
    fetch: (request, env) => (isProfiled ? plain : timed).fetch(request, env),
    hostname: '127.0.0.1',
    port: 0,
  })
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the gateway has no port')
  const session = new Session()
  session.connect()
  return {
    greeting: { url: `http://127.0.0.1:${address.port}` },
    answer: async (order) => {
      switch (Order.parse(order)) {
        case 'take steps':
          return timeline.take()
        case 'begin profile':
          isProfiled = true
          await session.post('Profiler.enable')
          await session.post('Profiler.setSamplingInterval', { interval: sampleEveryUs })
          await session.post('Profiler.start')
          return {}
        case 'take profile':
          isProfiled = false
          return sharesOf((await session.post('Profiler.stop')).profile)
      }
    },
  }
})

/** Connections, the signer of tickets and compiled code stay, as they do in an environment between requests. */
async function withoutCaches(deps: GatewayDeps): Promise<GatewayDeps> {
  const { database } = await composeBase(process.env, 'gateway')
  const { random, nowMs } = system
  return {
    ...deps,
    keys: makeKeyStore(database).readByHash,
    accounts: makeAccountStore(database).readAccount,
    shards: readShardFrom(makePoolStore(database), { random, nowMs, freshMs: 0 }),
    readIncidents: makeIncidentStore(database).readActive,
  }
}
