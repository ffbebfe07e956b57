/**
 * The control plane as one process: ingest and admin behind local function URLs, and the schedules on
 * their real use cases; those that hosts and requests wait for more often than on AWS, because a laptop
 * is watched by someone who waits too.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { log } from '../../functions/compose/parts.ts'
import { composeSchedule } from '../../functions/compose/schedules.ts'
import { composeRollUpSpend } from '../../functions/compose/streams.ts'
import { readConfig } from '../../functions/environment.ts'
import { type ScheduleName, scheduleNames, schedules } from '../../src/names.ts'
import { serveFunction } from './function-url.ts'
import { openReceiptStream } from './receipt-stream.ts'

/** The others run at their own rate. */
const everyMs: Readonly<Partial<Record<ScheduleName, number>>> = {
  'expire-heartbeats': 10_000,
  'advance-jobs': 10_000,
  'probe-routes': 2_000,
  'run-benchmarks': 3_000,
  'run-spot-checks': 10_000,
  'recompute-eligibility': 2_000,
  'expire-holds': 2_000,
}

const receiptsEveryMs = 1_000

const port = (name: string): number => {
  const value = Number(process.env[name])
  if (!Number.isInteger(value)) throw new Error(`${name} must be a port`)
  return value
}

const [ingest, admin, bootstrap] = await Promise.all([
  import('../../functions/ingest/handler.ts'),
  import('../../functions/admin/handler.ts'),
  import('../../functions/admin/bootstrap.ts'),
])

const servers = await Promise.all([
  serveFunction(ingest.handler, port('INGEST_PORT')),
  serveFunction(
    // On AWS the bootstrap has a function URL of its own behind IAM; here one address serves both.
    (event, context, options) =>
      'rawPath' in event && event.rawPath === '/admin/bootstrap'
        ? bootstrap.handler(event, context, options)
        : admin.handler(event, context, options),
    port('ADMIN_PORT'),
  ),
])

const stop = new AbortController()
for (const name of scheduleNames) void repeat(name)
void followReceipts()
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    stop.abort()
    for (const server of servers) server.close()
    setTimeout(() => process.exit(0), 2_000).unref()
  })
}
log('control_plane_ready', {})

/** One run at a time, like the deployed schedules; a failed run is logged and the next one tries. */
async function repeat(name: ScheduleName): Promise<void> {
  const run = await composeSchedule(process.env, name)
  const pauseMs = everyMs[name] ?? schedules[name].everyMinutes * 60_000
  while (!stop.signal.aborted) {
    try {
      log('schedule_ran', { schedule: name, ...(await run()) })
    } catch (error) {
      const message = error instanceof Error ? error.message : 'fault'
      log('schedule_failed', { schedule: name, message })
    }
    await delay(pauseMs, undefined, { signal: stop.signal }).catch(() => undefined)
  }
}

/** Lambda's part: what was decided is counted a second later, or when the database answers again. */
async function followReceipts(): Promise<void> {
  const { consume } = await composeRollUpSpend(process.env)
  const { dynamodbEndpoint: endpoint = '', tables } = readConfig(process.env)
  const { poll } = openReceiptStream({
    endpoint,
    table: tables.receipts,
    consume: async (event) => ({ failed: (await consume(event)).batchItemFailures.length }),
    onGivenUp: (given) => log('receipts_given_up', given),
  })
  while (!stop.signal.aborted) {
    const records = await poll().catch((error: unknown) => {
      log('receipts_not_read', { message: error instanceof Error ? error.message : 'fault' })
      return 0
    })
    if (records > 0) continue
    await delay(receiptsEveryMs, undefined, { signal: stop.signal }).catch(() => undefined)
  }
}
