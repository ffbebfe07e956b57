import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { scheduled } from '../../../functions/schedules/scheduled.ts'
import { ids } from '../../../src/adapters/system.ts'
import { newStageSecrets } from '../../../src/keys/stage-secrets.ts'
import { envKey } from '../../../src/names.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'

let database: EmbeddedDynamodb
let folder: string
const lines: string[] = []

beforeAll(async () => {
  database = await startEmbeddedDynamodb()
  folder = await mkdtemp(join(tmpdir(), 'b3iq-scheduled-'))
  const secrets = join(folder, 'secrets.json')
  const document = newStageSecrets('local', { ids, nowMs: 0 })
  await writeFile(secrets, JSON.stringify(document), { mode: 0o600 })
  const { tables, endpoint } = database
  const env = {
    [envKey.stage]: 'local',
    [envKey.balancesTable]: tables.balances,
    [envKey.keysTable]: tables.keys,
    [envKey.profilesTable]: tables.profiles,
    [envKey.receiptsTable]: tables.receipts,
    [envKey.spendTable]: tables.spend,
    [envKey.secretsSource]: `file:${secrets}`,
    [envKey.dynamodbEndpoint]: endpoint,
  }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)))
})
afterEach(() => void lines.splice(0))
afterAll(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await database.stop()
  await rm(folder, { recursive: true })
})

const invoke = (handler: ReturnType<typeof scheduled>) =>
  Reflect.apply(handler, undefined, [{}, { getRemainingTimeInMillis: () => 60_000 }])

test('a run leaves one line with what it did', async () => {
  await invoke(scheduled('expire-heartbeats'))
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    {
      event: 'schedule_ran',
      schedule: 'expire-heartbeats',
      tookMs: expect.any(Number),
      never: 0,
      fresh: 0,
      stale: 0,
      offline: 0,
    },
  ])
})

test('several passes are spread over their time', async () => {
  const startedAtMs = Date.now()
  await invoke(scheduled('advance-jobs', { passes: 2, everyMs: 1_000 }))
  expect(lines).toHaveLength(2)
  expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(995)
})

test('with nobody to route to, no second pass is waited for', async () => {
  await invoke(scheduled('recompute-eligibility', { passes: 2, everyMs: 3_600_000 }))
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ nodesFresh: 0, isIdle: true }])
})
