import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../../../apps/host/clock.ts'
import { openRoute } from '../../../../apps/host/tunnel/route.ts'
import { makeTunnel } from '../../../../apps/host/tunnel/supervisor.ts'
import { type Behaviour, makeFakeCloudflared } from '../support/fake-cloudflared.ts'

const token = `eyJh${'x'.repeat(80)}`

/** Twenty times as fast, so that a second of waiting is a twentieth. */
const quickClock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms / 20, signal),
}

async function openTunnel(behaviour: Behaviour, program?: string) {
  const fake = await makeFakeCloudflared(behaviour)
  const logged: string[] = []
  const states: string[] = []
  const tunnel = makeTunnel({
    program: program ?? fake.program,
    token: () => token,
    agentUrl: 'http://127.0.0.1:8443',
    clock: quickClock,
    random: () => 0.5,
    log: (event, fields) => logged.push(JSON.stringify({ event, ...fields })),
    changed: () => states.push(tunnel.state()),
  })
  const stopping = new AbortController()
  const running = tunnel.run(stopping.signal)
  const stop = async () => {
    stopping.abort()
    await running
  }
  onTestFinished(stop)
  const becomes = async (state: string) => {
    while (tunnel.state() !== state) await sleep(5)
  }
  return { ...fake, tunnel, logged, states, stop, becomes }
}

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('a named tunnel', () => {
  it('is up when cloudflared says so, and its token is in the environment alone', async () => {
    const { becomes, starts, behave, states, logged } = await openTunnel({ ready: true })
    await becomes('up')
    const [start] = await starts()
    expect(start?.args).toEqual([
      'tunnel',
      '--no-autoupdate',
      '--metrics',
      expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      'run',
    ])
    expect(start).toMatchObject({ token, url: 'http://127.0.0.1:8443' })
    await behave({ ready: false })
    await becomes('connecting')
    await behave({ ready: true })
    await becomes('up')
    expect(states).toEqual(['connecting', 'up', 'connecting', 'up'])
    expect(logged.join('\n')).toContain('token=[token] at the edge')
    expect(logged.join('\n')).not.toMatch(/eyJh|of a customer/)
  })

  it('that ends is started again, each time after a longer wait', async () => {
    const { becomes, starts, behave, states } = await openTunnel({ ready: true, crashes: true })
    while ((await starts()).length < 3) await sleep(5)
    await behave({ ready: true })
    await becomes('up')
    expect(states.slice(0, 4)).toEqual(['connecting', 'down', 'connecting', 'down'])
  })

  it('that is killed comes back', async () => {
    const { becomes, starts, tunnel } = await openTunnel({ ready: true })
    await becomes('up')
    const [first] = await starts()
    process.kill(first?.pid ?? 0, 'SIGKILL')
    await becomes('down')
    await becomes('up')
    expect(await starts()).toHaveLength(2)
    expect(tunnel.state()).toBe('up')
  })

  it('is reconnected by a new process', async () => {
    const { becomes, starts, tunnel } = await openTunnel({ ready: true })
    await becomes('up')
    await tunnel.reconnect()
    await becomes('up')
    const pids = (await starts()).map(({ pid }) => pid)
    expect(new Set(pids).size).toBe(2)
    expect(lives(pids[0] ?? 0)).toBe(false)
  })

  it.each([false, true])('ends with the agent (stubborn: %s)', async (stubborn) => {
    const { becomes, starts, stop, tunnel } = await openTunnel({ ready: true, stubborn })
    await becomes('up')
    await stop()
    const [start] = await starts()
    expect(lives(start?.pid ?? 0)).toBe(false)
    expect(tunnel.state()).toBe('down')
  })

  it('without the program is down and says what to do, and looks again', async () => {
    const { becomes, logged } = await openTunnel({ ready: true }, '/nowhere/cloudflared')
    await becomes('down')
    while (logged.filter((line) => line.includes('ENOENT')).length < 2) await sleep(5)
    expect(logged.join('\n')).toContain('install cloudflared or name it in route.program')
  })
})

describe('the route of a node', () => {
  const deps = {
    port: 8443,
    clock: quickClock,
    random: () => 0.5,
    log: () => undefined,
    changed: () => undefined,
  }

  it('that is direct is not the agent’s to keep up', async () => {
    const route = openRoute({
      ...deps,
      config: { route: { kind: 'direct', url: 'https://node.example' } },
      tunnel: () => undefined,
    })
    expect(route.report()).toEqual({ kind: 'direct', state: 'up' })
    await route.reconnect()
    await route.run(AbortSignal.abort())
  })

  it('that is a tunnel needs the grant of the enrolment', () => {
    const config = { route: { kind: 'cloudflared_named' as const } }
    expect(() => openRoute({ ...deps, config, tunnel: () => undefined })).toThrow(
      /granted no tunnel: run b3iq-host enroll once more/,
    )
    const granted = openRoute({
      ...deps,
      config,
      tunnel: () => ({ token, host_name: 'n.hosts.example' }),
    })
    expect(granted.report()).toEqual({ kind: 'cloudflared_named', state: 'down' })
  })
})
