// The script of an instance, without running it. That it runs is seen in dry-run.test.ts, and what shellcheck
// says of it in test/interop/shellcheck.test.ts.
import { describe, expect, test } from 'vitest'
import { HostConfig } from '../../../apps/host/config.ts'
import { renderUserData } from '../../../infra/hosts/user-data.ts'
import { tunnelPort } from '../../../src/protocol/enrolment.ts'
import { direct, scriptFacts, viaTunnel } from './stage-with-hosts.ts'

const scripts = [viaTunnel, direct].map((route) => ({
  kind: route.kind,
  script: renderUserData({ ...scriptFacts, route }),
}))
const between = (text: string, from: RegExp, to: string) => text.split(from)[1]?.split(to)[0] ?? ''

describe.each(scripts)('the script of a host reached by $kind', ({ kind, script }) => {
  test('stops at the first failure', () => {
    expect(script.split('\n').slice(0, 2)).toEqual(['#!/usr/bin/env bash', 'set -euo pipefail'])
  })

  test('fits into what EC2 takes', () => {
    expect(Buffer.byteLength(script)).toBeLessThan(16 * 1024)
  })

  test('names images by digest and nothing by tag', () => {
    const images = [...script.matchAll(/\S+@sha256:[0-9a-f]{64}/g)]
    expect(images).toHaveLength(kind === 'tunnel' ? 3 : 2)
    expect(script).not.toMatch(/:latest|curl|apt-get|pip install|npm /)
  })

  test('checks the agent before it is put in place', () => {
    const [checked, placed] = [
      script.indexOf('sha256sum --check'),
      script.indexOf('mv -f "$home/bin/b3iq-host.mjs.new"'),
    ]
    expect(script).toContain(scriptFacts.agent.sha256)
    expect(checked).toBeGreaterThan(0)
    expect(placed).toBeGreaterThan(checked)
  })

  test('writes a config that the agent takes', () => {
    const text = between(script, /host\.json\.new" <<'B3IQ'\n/, 'B3IQ')
    const config = HostConfig.parse(JSON.parse(text))
    expect(config).toMatchObject({
      machine: 'ec2',
      mode: 'network',
      listen: kind === 'tunnel' ? { host: '127.0.0.1', port: tunnelPort } : { host: '0.0.0.0' },
      owner_limits: { agent_update: 'off' },
    })
  })

  test('holds no secret: the role of the instance is all that it has', () => {
    expect(script).not.toMatch(/secret|token|password|join/i)
  })

  test('keeps the runtime on the loopback address, on a network of its own', () => {
    const runtime = between(script, /b3iq-runtime\.service" <<'B3IQ'\n/, '\nB3IQ')
    expect(runtime).toContain('--publish 127.0.0.1:8000:8000')
    expect(runtime).not.toMatch(/--network|--net |--privileged|docker\.sock/)
  })

  test('has systemd leave the agent down once EC2 takes the instance', () => {
    expect(script).toContain('RestartPreventExitStatus=75')
  })
})
