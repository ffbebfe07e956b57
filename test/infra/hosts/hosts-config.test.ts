// What a stage file may say of hosts; every refusal is one sentence that names the field.
import { describe, expect, test } from 'vitest'
import { parsedWith, someHosts, viaLanes, viaTunnel } from './stage-with-hosts.ts'

describe('hosts in a stage file', () => {
  test.each([
    ['by tunnel', { reach: viaTunnel }],
    ['by load balancer', { reach: viaLanes }],
  ])('are reached %s', (_, hosts) => {
    expect(parsedWith(hosts)).toMatchObject({ ok: true })
  })

  test('belong to the operator and are measured machines, unless the file says otherwise', () => {
    const parsed = parsedWith({})
    expect(parsed).toMatchObject({
      config: { hosts: { ownerId: 'b3iq:hosts', trustTier: 'T1', availabilityZones: 3 } },
    })
  })

  test.each<[string, object, RegExp]>([
    ['neither way in', { reach: undefined }, /hosts\.reach: must say how hosts are reached, /],
    [
      'some other way in',
      { reach: { kind: 'ssh' } },
      /hosts\.reach\S*: must say how hosts are reached/,
    ],
    [
      'a tag where a digest belongs',
      { images: { ...someHosts.images, runtime: 'vllm/vllm-openai:latest' } },
      /hosts\.images\.runtime: must name an image by digest/,
    ],
    [
      'a tunnel without its program',
      { images: { ...someHosts.images, cloudflared: undefined } },
      /hosts\.images\.cloudflared: must be given with reach "tunnel"/,
    ],
    [
      'a branch where a commit belongs',
      { model: { ...someHosts.model, revision: 'main' } },
      /hosts\.model\.revision: must be a commit/,
    ],
    [
      'a model that is a shell command',
      { model: { ...someHosts.model, repository: 'a/b; reboot' } },
      /hosts\.model\.repository: /,
    ],
    ['more on demand than there are', { onDemandHosts: 4 }, /onDemandHosts: must not exceed/],
    ['more lanes than fit', { reach: viaLanes, hostsMax: 21 }, /must not exceed 20 behind/],
    ['a tier that is attested', { trustTier: 'T3' }, /hosts\.trustTier: /],
    ['a field that there is not', { region: 'eu-west-1' }, /region/],
  ])('are refused for %s', (_, hosts, message) => {
    const parsed = parsedWith(hosts)
    expect(parsed).toMatchObject({ ok: false, message: expect.stringMatching(message) })
  })

  test('by tunnel are refused where the stage has no tunnels', () => {
    expect(parsedWith({}, {})).toMatchObject({
      ok: false,
      message: expect.stringMatching(/hosts\.reach is "tunnel", so give the stage its tunnels/),
    })
  })
})
