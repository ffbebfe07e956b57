import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { composeAdmin } from '../../../functions/compose/admin.ts'
import { composeIngest } from '../../../functions/compose/ingest.ts'
import { ids } from '../../../src/adapters/system.ts'
import { newStageSecrets } from '../../../src/keys/stage-secrets.ts'
import { envKey } from '../../../src/names.ts'

let folder: string
beforeAll(async () => {
  // Lambda names it, and nothing is called here.
  vi.stubEnv('AWS_REGION', 'eu-central-1')
  folder = await mkdtemp(join(tmpdir(), 'b3iq-tunnels-'))
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

const tunnels = JSON.stringify({ accountId: 'a', zoneId: 'b', zoneName: 'hosts.example.net' })

async function environment(
  variables: Readonly<Record<string, string>>,
  secrets: { readonly cloudflare_api_token?: string } = {},
) {
  const path = join(folder, 'secrets.json')
  const document = { ...newStageSecrets('prod', { ids, nowMs: 0 }), ...secrets }
  await writeFile(path, JSON.stringify(document), { mode: 0o600 })
  return {
    [envKey.stage]: 'prod',
    [envKey.balancesTable]: 'balances',
    [envKey.keysTable]: 'keys',
    [envKey.profilesTable]: 'profiles',
    [envKey.receiptsTable]: 'receipts',
    [envKey.spendTable]: 'spend',
    [envKey.secretsSource]: `file:${path}`,
    ...variables,
  }
}

test.each([
  ['ingest', composeIngest],
  ['admin', composeAdmin],
])('%s opens and closes tunnels where its stage has them', async (_, compose) => {
  const token = { cloudflare_api_token: 'a-token-of-the-right-length' }
  const { tunnels: some } = await compose(await environment({ [envKey.tunnels]: tunnels }, token))
  expect(some).toMatchObject({ close: expect.any(Function) })
  const { tunnels: none } = await compose(await environment({}, token))
  expect(none).toBeUndefined()
})

test('tunnels without a token are a mistake of the operator, said at once', async () => {
  const env = await environment({ [envKey.tunnels]: tunnels })
  await expect(composeIngest(env)).rejects.toThrow(
    'The stage has tunnels configured but its secrets have no cloudflare_api_token: add it.',
  )
})
