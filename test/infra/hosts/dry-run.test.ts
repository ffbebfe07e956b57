// The rendered script really runs, and what it puts down really enrols at a real ingest: the shipped agent, a
// metadata service and an STS on real ports, and the embedded DynamoDB.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ReadyLine } from '../../../apps/host/ready-line.ts'
import { renderUserData } from '../../../infra/hosts/user-data.ts'
import { makeAskCallerIdentity } from '../../../src/adapters/sts/ask-caller-identity.ts'
import type { TunnelProvider } from '../../../src/fleet/tunnel-provider.ts'
import { type ControlPlane, startControlPlane } from '../../support/control-plane.ts'
import { startFakeImds } from '../../support/fake-imds.ts'
import { type FakeSts, startFakeSts } from '../../support/fake-sts.ts'
import { listening } from '../../support/listening.ts'
import { type RehearsedInstance, rehearseInstance } from './rehearsed-instance.ts'
import { direct, scriptFacts, viaTunnel } from './stage-with-hosts.ts'

/** Eight programs in a row, on a machine that may be busy. */
const withinMs = 90_000

const region = 'eu-west-1'
const role = {
  region,
  roleId: 'AROAHOSTSOFTHESTAGE1',
  ownerId: 'b3iq:hosts',
  trustTier: 'T1',
} as const
const tunnels: TunnelProvider = {
  open: async () => ({ tunnelId: 't1', hostName: 'a.hosts.example.net', token: 'of-the-tunnel' }),
  close: async () => undefined,
}

let plane: ControlPlane
let sts: FakeSts
let ingest: { readonly origin: string; readonly stop: () => Promise<void> }
let agentFolder: string
let agent: string
beforeAll(async () => {
  agentFolder = mkdtempSync(join(tmpdir(), 'b3iq-agent-'))
  agent = join(agentFolder, 'b3iq-host.mjs')
  expect(spawnSync(process.execPath, ['scripts/bundle-host.ts', agent]).status).toBe(0)
  plane = await startControlPlane()
  sts = await startFakeSts({ nowMs: plane.nowMs })
  const askCallerIdentity = makeAskCallerIdentity({ origin: sts.origin })
  const app = plane.ingestOf({ instanceTrust: { role, askCallerIdentity }, tunnels })
  ingest = await listening(createServer(getRequestListener(app.fetch)))
})
afterAll(async () => {
  await Promise.all([ingest?.stop(), sts?.stop()])
  await plane?.stop()
  rmSync(agentFolder, { recursive: true, force: true })
})

let launched = 0
async function withInstance(
  use: (
    instance: RehearsedInstance,
    imds: Awaited<ReturnType<typeof startFakeImds>>,
  ) => Promise<void>,
) {
  launched += 1
  const credentials = sts.launch(role.roleId, `i-0000000${launched}`)
  const imds = await startFakeImds({ region, credentials })
  const instance = rehearseInstance({ agent, imds: imds.origin })
  try {
    await use(instance, imds)
  } finally {
    instance.remove()
    await imds.stop()
  }
}

const script = (route: typeof viaTunnel | typeof direct) => {
  const sha256 = createHash('sha256').update(readFileSync(agent)).digest('hex')
  const told = { ...scriptFacts, route, ingestUrl: ingest.origin }
  return renderUserData({ ...told, agent: { ...scriptFacts.agent, sha256 } })
}

test(
  'a host reached by tunnel boots, and is an approved node that holds its tunnel',
  async () => {
    await withInstance(async (instance) => {
      expect(await instance.boot(script(viaTunnel))).toEqual({ exitCode: 0, err: '' })
      expect(instance.asked().filter((line) => line.startsWith('systemctl'))).toEqual([
        'systemctl daemon-reload',
        'systemctl enable --now docker.service b3iq-runtime.service b3iq-host.service',
      ])
      const fetched = instance.asked().find((line) => line.startsWith('aws'))
      expect(fetched).toMatch(/^aws s3 cp --no-progress s3:\/\/assets\/agent\.mjs \S+$/)
      expect(instance.asked()).not.toContain(goesDown)
      expect(await instance.enrol()).toMatchObject({ exitCode: 0, err: '' })
      expect(instance.enrolment()).toMatchObject({
        status: 'approved',
        tunnel: { host_name: 'a.hosts.example.net' },
      })
    })
  },
  withinMs,
)

test(
  'a host reached by name boots, boots again, serves, and goes when EC2 takes it',
  async () => {
    await withInstance(async (instance, imds) => {
      expect(await instance.boot(script(direct))).toEqual({ exitCode: 0, err: '' })
      const first = { asked: instance.asked(), files: filesOf(instance) }
      expect(await instance.enrol()).toMatchObject({ exitCode: 0, err: '' })
      const node = instance.enrolment()

      expect(await instance.boot(script(direct))).toEqual({ exitCode: 0, err: '' })
      const again = instance.asked().slice(first.asked.length)
      expect(again).toEqual(first.asked.filter((line) => !line.startsWith('useradd')))
      expect(filesOf(instance)).toEqual(first.files)
      expect(await instance.enrol()).toMatchObject({ exitCode: 0, err: '' })
      expect(instance.enrolment()).toEqual(node)
      for (const name of ['host.json', 'node.key', 'state.json']) {
        expect(statSync(instance.at('opt', 'data', name)).mode & 0o077).toBe(0)
      }

      const stateAtIngest = async () => (await plane.fleet.readRow(node.node_id))?.hot?.state
      const serving = instance.startAgent()
      const [line] = await once(serving.lines, 'line')
      const { port } = ReadyLine.parse(JSON.parse(line))
      const health = await fetch(`http://127.0.0.1:${port}/.well-known/b3iq/route?nonce=health`)
      expect(health.status).toBe(200)
      await expect.poll(stateAtIngest, { timeout: 10_000 }).toBe('ready')
      serving.child.kill('SIGTERM')
      expect(await serving.ended).toMatchObject({ exitCode: 0 })

      imds.tell('spot/instance-action', '{"action":"terminate","time":"2030-01-01T00:02:00Z"}')
      // As systemd would start it, had it crashed meanwhile: 75 keeps it from being started once more.
      expect(await instance.startAgent().ended).toMatchObject({ exitCode: 75 })
      expect(await stateAtIngest()).toBe('draining')
    })
  },
  withinMs,
)

const goesDown = 'shutdown -h +10 b3iq: the first boot failed'

test('an agent that is not the deployed one is not put in place, nothing is started, and the instance goes', async () => {
  await withInstance(async (instance) => {
    const ended = await instance.boot(renderUserData({ ...scriptFacts, route: direct }))
    expect(ended).toEqual({
      exitCode: 1,
      err: 'b3iq: the agent in the bucket is not the one that was deployed\n',
    })
    expect(instance.asked().filter((line) => line.startsWith('systemctl'))).toEqual([])
    expect(instance.asked().at(-1)).toBe(goesDown)
  })
})

test('an image that no try can fetch ends the boot, and the instance goes', async () => {
  await withInstance(async (instance) => {
    const noImage = script(direct).replace('docker pull', 'false')
    expect(await instance.boot(noImage)).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/^b3iq: gave up: false /),
    })
    expect(
      instance
        .asked()
        .filter((line) => !line.startsWith('sleep'))
        .at(-1),
    ).toBe(goesDown)
  })
})

const filesOf = (instance: RehearsedInstance) =>
  [
    ['opt', 'data', 'host.json'],
    ['units', 'b3iq-host.service'],
    ['units', 'b3iq-host.service.d', 'ec2.conf'],
    ['units', 'b3iq-runtime.service'],
  ].map((names) => instance.read(...names))
