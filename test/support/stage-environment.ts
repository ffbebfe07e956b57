/** The environment of a deployed process, over the database and the secrets of a bench. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { envKey } from '../../src/names.ts'
import type { GatewayBench } from './gateway-bench.ts'

/** In stage local a process's rights are enforced; its secrets lie in `folder`. */
export async function stageEnvironment(
  { tables, endpoint, secrets }: Pick<GatewayBench, 'tables' | 'endpoint' | 'secrets'>,
  { stage, folder }: { readonly stage: string; readonly folder: string },
): Promise<Record<string, string>> {
  const path = join(folder, `${stage}.json`)
  await writeFile(path, JSON.stringify({ ...secrets, stage }), { mode: 0o600 })
  return {
    [envKey.stage]: stage,
    [envKey.balancesTable]: tables.balances,
    [envKey.keysTable]: tables.keys,
    [envKey.profilesTable]: tables.profiles,
    [envKey.receiptsTable]: tables.receipts,
    [envKey.spendTable]: tables.spend,
    [envKey.secretsSource]: `file:${path}`,
    [envKey.dynamodbEndpoint]: endpoint,
    [envKey.deadlineMs]: '60000',
    [envKey.leaseMarginMs]: '30000',
  }
}
