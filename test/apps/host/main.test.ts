import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readState } from '../../../apps/host/state-file.ts'
import { verifyClaim } from '../../../src/protocol/claim.ts'
import { PrivateKeyJwk } from '../../../src/protocol/ed25519.ts'
import { RouteProbeReply, routeProbePath } from '../../../src/protocol/enrolment.ts'
import { content, done, stop } from './support/fake-runtime.ts'
import { chatBody, claimIn, encoded, eventsOf, makeTicket, post } from './support/gateway.ts'
import { finish, joinCode, openHost } from './support/host-process.ts'

describe('b3iq-host', () => {
  it('enrolls, serves a dispatch, beats, and drains when it is asked to stop', async () => {
    const host = await openHost({
      // Long enough to be running still when the agent is asked to stop.
      reply: {
        pieces: [...Array.from({ length: 100 }, () => content('delivered text')), stop, done],
      },
    })
    const enrolled = await host.enroll()
    expect(enrolled).toMatchObject({ exitCode: 0, err: '' })
    expect(enrolled.out).toMatch(/^Enrolled as B3IQ-[A-Z2-7]{4} \(n_[a-z2-7]{26}\): pending\.\n$/)
    expect(host.ingest.enrolments[0]).toMatchObject({ join_code: joinCode, mode: 'network' })

    const { child, output, ready, proxyUrl } = await host.run()
    const probe = await fetch(`${proxyUrl}${routeProbePath}?nonce=n1`)
    expect(RouteProbeReply.parse(await probe.json())).toMatchObject({
      node_id: ready.node_id,
      route_epoch: 3,
    })

    const body = chatBody()
    const ticket = encoded(makeTicket(ready.node_id, body))
    const response = await post({ proxyUrl, body, ticket })
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    const events = await eventsOf(response)
    expect(events.at(-1)).toBe('[DONE]')
    const { claim } = claimIn(events)
    const key = PrivateKeyJwk.parse(
      JSON.parse(await readFile(join(host.folder, 'node.key'), 'utf8')),
    )
    expect(verifyClaim(claim, key.x)).toBe(true)

    const [exitCode] = await closed
    expect(exitCode).toBe(0)
    expect(host.ingest.beats[0]).toMatchObject({
      node_id: ready.node_id,
      state: 'ready',
      runtimes: [{ id: 'rt1', kind: 'ollama', reachable: true }],
    })
    expect(host.ingest.beats.at(-1)?.state).toBe('draining')
    const logs = output.err
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(logs.at(-1)).toMatchObject({ event: 'stopped', accepted: 1, completed: 1 })
    expect(output.err).not.toMatch(/secret|delivered/)

    const state = await readState(join(host.folder, 'state.json'))
    expect(state.last_seq).toBe(host.ingest.beats.at(-1)?.seq)
    const status = await finish(['status', '--config', host.config])
    expect(status.out).toContain('accepted')
  })

  it('enrolled twice is the same node', async () => {
    const host = await openHost()
    const [first, second] = [await host.enroll(), await host.enroll()]
    expect(second).toEqual(first)
  })

  it('enrolls although its clock is wrong', async () => {
    const aheadMs = 3_600_000
    const host = await openHost({ nowMs: () => Date.now() + aheadMs })
    expect((await host.enroll()).exitCode).toBe(0)
    const { clock_offset_ms } = await readState(join(host.folder, 'state.json'))
    expect(Math.abs(clock_offset_ms - aheadMs)).toBeLessThan(5_000)
  })
})

describe('b3iq-host fails in one sentence and with exit code 1', () => {
  it.each<[readonly string[], RegExp]>([
    [['fly'], /^b3iq-host: There is no command "fly": b3iq-host --help/],
    [['run'], /^b3iq-host: --config is missing: /],
    [['run', '--colour'], /^b3iq-host: Unknown option '--colour': /],
    [['enroll', '--config', 'a', '--code', 'c', '--ingest', 'b'], /--code is not a join code/],
    [
      ['enroll', '--config', 'a', '--code', joinCode, '--ingest', 'http://ingest.example'],
      /The ingest URL http:\/\/ingest.example must be https, or http on this machine/,
    ],
  ])('%j', async (args, message) => {
    const { exitCode, err, out } = await finish(args)
    expect(err).toMatch(message)
    expect(err.trim().split('\n')).toHaveLength(1)
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' })
  })

  it('when it is run before it is enrolled', async () => {
    const { config } = await openHost()
    const { err, exitCode } = await finish(['run', '--config', config])
    expect(err).toMatch(/^b3iq-host: This host is not enrolled: run b3iq-host enroll/)
    expect(exitCode).toBe(1)
  })

  it('when the code is refused, leaving no enrolment behind', async () => {
    const refused = { code: 'join_code_invalid' } as const
    const host = await openHost({
      refuse: (call) => (call.endsWith('/enroll') ? refused : undefined),
    })
    const { err, exitCode } = await host.enroll()
    expect(err).toMatch(/^b3iq-host: Enrolment was refused \(join_code_invalid\): The join code/)
    expect(exitCode).toBe(1)
    expect((await readState(join(host.folder, 'state.json'))).enrolment).toBeNull()
  })

  it('with a stack only where it is asked for', async () => {
    const { err } = await finish(['run', '--config', '/nowhere.json', '--debug'])
    expect(err).toMatch(/^b3iq-host: There is no config file at .*\n.*\n\s+at /)
  })
})
