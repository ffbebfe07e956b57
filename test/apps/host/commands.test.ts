import { once } from 'node:events'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { earnings } from '../../../apps/host/earnings.ts'
import { enroll } from '../../../apps/host/enroll.ts'
import { rotateKey } from '../../../apps/host/key-rotation.ts'
import { readState } from '../../../apps/host/state-file.ts'
import { generatePrivateKey, PrivateKeyJwk } from '../../../src/protocol/ed25519.ts'
import { nodeIdOf } from '../../../src/protocol/node-identity.ts'
import { joinCode, openHost } from './support/host-process.ts'

type Host = Awaited<ReturnType<typeof openHost>>

/** A host whose commands run in this process: what a process adds is in main.test.ts. */
async function openEnrolled(options: Parameters<typeof openHost>[0] = {}) {
  const host = await openHost(options)
  await enroll({ configPath: host.config, code: joinCode, ingestUrl: host.ingest.url })
  return {
    ...host,
    rotate: () => rotateKey(host.config, Date.now),
    earnings: () => earnings(host.config),
  }
}

const keyIn = async ({ folder }: Host, name = 'node.key') =>
  PrivateKeyJwk.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))
const stateOf = ({ folder }: Host) => readState(join(folder, 'state.json'))

describe('b3iq-host pause', () => {
  it('tells the control plane at once, long before the next beat is due; resume ends it', async () => {
    const host = await openHost({ beatReply: () => ({ next_in_ms: 600_000 }) })
    await host.enroll()
    const { child } = await host.run()
    const states = () => host.ingest.beats.map(({ state }) => state)
    const becomes = async (state: string) => {
      while (states().at(-1) !== state) await sleep(50)
    }
    await becomes('ready')
    expect(await host.tell('pause')).toMatchObject({ exitCode: 0, err: '' })
    await becomes('paused_by_owner')
    expect((await stateOf(host)).standing).toMatchObject({ state: 'paused_by_owner' })
    expect(await host.tell('resume')).toMatchObject({ exitCode: 0, err: '' })
    while ((await stateOf(host)).standing?.state !== 'ready') await sleep(50)
    child.kill('SIGTERM')
    await once(child, 'close')
  }, 30_000)
})

describe('b3iq-host earnings', () => {
  it('shows what the operator’s books say', async () => {
    const out = await (await openEnrolled()).earnings()
    expect(out).toContain('Payable                   1.25 USD')
    expect(out).toContain('2026-01-01  3 USD  paid')
  })

  it('before enrolment says so', async () => {
    const { config } = await openHost()
    await expect(earnings(config)).rejects.toThrow(/^This host is not enrolled/)
  })
})

describe('b3iq-host rotate-key', () => {
  it('makes the node one with a new key, which both keys have signed', async () => {
    const host = await openEnrolled()
    const before = await keyIn(host)
    const out = await host.rotate()
    const after = await keyIn(host)
    expect(after.x).not.toBe(before.x)
    const { enrolment } = await stateOf(host)
    expect(enrolment?.node_id).toBe(nodeIdOf(after.x))
    expect(out).toContain(`${enrolment?.alias} (${enrolment?.node_id})`)
    expect((await stat(join(host.folder, 'node.key'))).mode & 0o777).toBe(0o600)
    expect(host.ingest.rotations).toEqual([
      expect.objectContaining({ old_node_id: nodeIdOf(before.x), new_public_key: after.x }),
    ])
    // The new key is the one that beats from now on.
    const { child } = await host.run()
    while (host.ingest.beats.length === 0) await sleep(20)
    expect(host.ingest.beats[0]?.node_id).toBe(enrolment?.node_id)
    child.kill('SIGTERM')
  })

  it('that ingest refuses changes nothing, and the next try offers the same new key', async () => {
    let down = true
    const host = await openEnrolled({
      refuse: (call) => (down && call.endsWith('/rotate') ? 'break' : undefined),
    })
    const before = await keyIn(host)
    await expect(host.rotate()).rejects.toThrow(
      /^The new key was not taken \(unreachable\).*The old one stands\.$/,
    )
    expect(await keyIn(host)).toEqual(before)
    const next = await keyIn(host, 'node.key.next')
    down = false
    await host.rotate()
    expect(await keyIn(host)).toEqual(next)
  })

  it.each([
    ['before the new key took its place', { key: true, state: false }],
    ['before the state named the new node', { key: true, state: true }],
    ['by a running agent that wrote its state once more', { key: false, state: true }],
  ])('that was cut off %s is finished by whoever asks next', async (_, undone) => {
    const host = await openEnrolled()
    const at = (name: string) => join(host.folder, name)
    const before = { key: await readFile(at('node.key')), state: await readFile(at('state.json')) }
    await host.rotate()
    const after = await keyIn(host)
    if (undone.key) {
      await rename(at('node.key'), at('node.key.next'))
      await writeFile(at('node.key'), before.key, { mode: 0o600 })
    }
    if (undone.state) await writeFile(at('state.json'), before.state)

    await host.earnings()
    expect(await keyIn(host)).toEqual(after)
    expect((await stateOf(host)).enrolment?.node_id).toBe(nodeIdOf(after.x))
  })

  it('can be done again and again', async () => {
    const host = await openEnrolled()
    for (let times = 0; times < 3; times += 1) await host.rotate()
    expect(new Set(host.ingest.rotations.map(({ new_node_id }) => new_node_id)).size).toBe(3)
    expect((await stateOf(host)).enrolment?.node_id).toBe(nodeIdOf((await keyIn(host)).x))
  })

  it('leaves a stray new key alone where it is not the enrolled one', async () => {
    const host = await openEnrolled()
    const stray = join(host.folder, 'node.key.next')
    await writeFile(stray, JSON.stringify(generatePrivateKey()), { mode: 0o600 })
    const before = await keyIn(host)
    await host.earnings()
    expect(await keyIn(host)).toEqual(before)
  })
})
