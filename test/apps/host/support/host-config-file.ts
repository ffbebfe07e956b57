/** The smallest config of a host that earns, in a folder of its own. */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** `changes` replace whole fields. */
export async function writeHostConfig(changes: Readonly<Record<string, unknown>>) {
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-host-'))
  const configPath = join(folder, 'host.json')
  const config = {
    key_file: 'node.key',
    state_file: 'state.json',
    listen: { host: '127.0.0.1', port: 0 },
    route: { kind: 'direct', url: 'https://node.example' },
    mode: 'network',
    owner_limits: { max_concurrency: 1, paid_enabled: true },
    ...changes,
  }
  await writeFile(configPath, JSON.stringify(config))
  return { folder, configPath }
}
