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

/** Where tunnels end. */
const tunnelEnd = { host: '127.0.0.1', port: 8443 }

async function configFile(text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-config-'))
  const path = join(folder, 'host.json')
  await writeFile(path, text)
  return { folder, path }
}

/** What is said of a config with these changes. */
async function refusalOf(change: object): Promise<string> {
  const { path } = await configFile(JSON.stringify({ ...good, ...change }, null, 2))
  return readConfig(path).then(
    () => 'nothing',
    (error) => error.message,
  )
}

describe('the config file', () => {
  it('names files relative to itself and fills in what is left out', async () => {
    const { folder, path } = await configFile(JSON.stringify(good))
    expect(await readConfig(path)).toEqual({
      ...good,
      key_file: join(folder, 'node.key'),
      state_file: join(folder, 'state/host.json'),
      owner_limits: {
        ...good.owner_limits,
        pause_when_gpu_used: false,
        agent_update: 'auto',
      },
    })
  })

  it('names the files of its route relative to itself, and a program by its name', async () => {
    const routeOf = async (route: object) => {
      const listen = tunnelEnd
      const { folder, path } = await configFile(JSON.stringify({ ...good, listen, route }))
      return { folder, route: (await readConfig(path)).route }
    }
    const tls = { certificate_file: 'tls/host.pem', private_key_file: 'tls/host.key' }
    const direct = await routeOf({ ...good.route, ...tls })
    expect(direct.route).toEqual({
      ...good.route,
      certificate_file: join(direct.folder, 'tls/host.pem'),
      private_key_file: join(direct.folder, 'tls/host.key'),
    })
    const kind = 'cloudflared_named'
    expect((await routeOf({ kind, program: 'cloudflared' })).route).toEqual({
      kind,
      program: 'cloudflared',
    })
    const beside = await routeOf({ kind, program: './cloudflared' })
    expect(beside.route).toEqual({ kind, program: join(beside.folder, 'cloudflared') })
  })

  it('may hold comments', async () => {
    const text = `// The box under the desk\n${JSON.stringify(good, null, 2).replace(
      '"mode": "network",',
      '/* paid */ "mode": "network", // since June\n',
    )}`
    const { path } = await configFile(text)
    expect((await readConfig(path)).mode).toBe('network')
  })

  it('that is not there is refused', async () => {
    await expect(readConfig('/nowhere/host.json')).rejects.toThrow(/^There is no config file at/)
  })
})

describe('an error in the config names file, line and field', () => {
  it.each<[string, object, string | RegExp]>([
    ['a missing field', { mode: undefined }, 'host.json:1: mode is missing.'],
    [
      'a number out of range',
      { listen: { host: 'h', port: 70_000 } },
      'host.json:6: listen.port must be at most 65535.',
    ],
    ['a type', { runtimes: 7 }, 'host.json:17: runtimes must be an array.'],
    ['a choice', { mode: 'paid' }, /^host.json:12: mode must be one of "local", "managed", "net/],
    [
      'a runtime without http',
      { runtimes: [{ id: 'a', url: 'ftp://h' }] },
      'host.json:20: runtimes.0.url must be an http or https URL.',
    ],
    ['no runtime', { runtimes: [] }, 'host.json:17: runtimes must have a length of at least 1.'],
    [
      'two runtimes of one id',
      { runtimes: [...good.runtimes, ...good.runtimes] },
      'host.json:17: runtimes must each have an id of their own.',
    ],
    [
      'a field that is nearly one',
      { owner_limits: { ...good.owner_limits, max_concurency: 2 } },
      'host.json:16: owner_limits.max_concurency is not a field of this config. Did you mean max_concurrency?',
    ],
    [
      'a field like no other',
      { listen: { ...good.listen, colour: 1 } },
      'host.json:7: listen.colour is not a field of this config. Known are host, port.',
    ],
    [
      'a field of the other route',
      { listen: tunnelEnd, route: { kind: 'cloudflared_named', ulr: 'x' } },
      /^host.json:10: route.ulr is not a field of this config\. Did you mean url\?/,
    ],
    [
      'another kind of route',
      { route: { kind: 'relay' } },
      'host.json:9: route.kind must be "direct" or "cloudflared_named".',
    ],
    [
      'a quick tunnel',
      { route: { kind: 'direct', url: 'https://some-words.trycloudflare.com' } },
      /^host.json:10: route.url must not be a quick tunnel: its name changes with every start/,
    ],
    [
      'a tunnel that ends elsewhere',
      { route: { kind: 'cloudflared_named' } },
      'host.json:6: listen.port must be 8443, where every named tunnel ends.',
    ],
    [
      'no route',
      { route: undefined },
      /^host.json:1: route is missing: it is needed in every mode/,
    ],
    ['no token', { mode: 'local' }, /^host.json:1: token_file is missing: it is needed in mode lo/],
  ])('%s', async (_, change, message) => {
    expect(await refusalOf(change)).toMatch(message)
  })

  it('several at once, in the order of the file, eight at most', async () => {
    const lines = (await refusalOf({ listen: {}, mode: 7, runtimes: [] })).split('\n')
    expect(lines.map((line) => /^host.json:\d+: [\w.]+/.exec(line)?.[0])).toEqual([
      'host.json:4: listen.host',
      'host.json:4: listen.port',
      'host.json:9: mode',
      'host.json:14: runtimes',
    ])
    const unknown = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`unknown_${n}`, n]))
    const many = (await refusalOf(unknown)).split('\n')
    expect(many).toHaveLength(9)
    expect(many.at(-1)).toBe('and 12 more')
  })

  it.each([
    ['{', 'host.json:1: here must stand the name of a field in double quotes, not the end.'],
    ['', 'host.json:1: here must stand a value, not the end.'],
    ['{\n  "mode": network\n}', 'host.json:2: here must stand a value, not "network".'],
    ['{"a": 1,\n}', 'host.json:2: here must stand the name of a field in double quotes, not "}".'],
    ['{"a": 1\n"b": 2}', 'host.json:2: here must stand "}", not ""b": 2}".'],
    ['{"a": 1} x', 'host.json:1: here must stand the end, not "x".'],
    ['{"a": 1,\n "a": 2}', 'host.json:2: a is given twice.'],
    ['{"a": "\\q"}', 'host.json:1: here must stand a text with JSON escapes, not ""\\q"}".'],
    ['[1, 2] /* open', 'host.json:1: here must stand the end, not "/* open".'],
    ['['.repeat(40), 'host.json:1: here must stand something less deep'],
  ])('no JSON: %j', async (text, message) => {
    const { path } = await configFile(text)
    await expect(readConfig(path)).rejects.toThrow(message)
  })
})
