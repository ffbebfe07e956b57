import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../../apps/host/config.ts'

const good = {
  key_file: 'node.key',
  state_file: 'state/host.json',
  listen: { host: '127.0.0.1', port: 0 },
  route: { kind: 'direct', url: 'https://node.example' },
  mode: 'network',
  owner_limits: { max_concurrency: 2, paid_enabled: true },
  runtimes: [{ id: 'rt1', url: 'http://127.0.0.1:8080' }],
}

async function configFile(text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-config-'))
  const path = join(folder, 'host.json')
  await writeFile(path, text)
  return { folder, path }
}

describe('the config file', () => {
  it('names files relative to itself', async () => {
    const { folder, path } = await configFile(JSON.stringify(good))
    expect(await readConfig(path)).toEqual({
      ...good,
      key_file: join(folder, 'node.key'),
      state_file: join(folder, 'state/host.json'),
    })
  })

  it.each<[string, object, string]>([
    ['a missing field', { mode: undefined }, 'mode: '],
    ['a nested field', { listen: { host: 'h', port: 70_000 } }, 'listen.port: '],
    ['an unknown field', { power: 1 }, 'Unrecognized key: "power"'],
    ['a runtime without http', { runtimes: [{ id: 'a', url: 'ftp://h' }] }, 'runtimes.0.url: must'],
    ['no runtime', { runtimes: [] }, 'runtimes: '],
    [
      'two runtimes of one id',
      { runtimes: [...good.runtimes, ...good.runtimes] },
      'runtimes: every runtime needs its own id',
    ],
    ['an unknown kind', { runtimes: [{ ...good.runtimes[0], kind: 'x' }] }, 'runtimes.0.kind: '],
  ])('with %s is refused by the name of the field', async (_, change, message) => {
    const { path } = await configFile(JSON.stringify({ ...good, ...change }))
    await expect(readConfig(path)).rejects.toThrow(`${path}: ${message}`)
  })

  it('that is no JSON, or not there, is refused', async () => {
    const { path } = await configFile('{')
    await expect(readConfig(path)).rejects.toThrow(`${path} is not valid JSON: `)
    await expect(readConfig('/nowhere/host.json')).rejects.toThrow(/^There is no config file at/)
  })
})
