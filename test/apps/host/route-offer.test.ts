import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { routeOfferOf } from '../../../apps/host/route-offer.ts'

const certificate = (name: string) =>
  join(import.meta.dirname, '../../support/certificates', `${name}.pem`)

const direct = (certificate_file?: string) => ({
  route: {
    kind: 'direct' as const,
    url: 'https://node.example',
    ...(certificate_file === undefined ? {} : { certificate_file }),
  },
})

describe('what a node offers as its route', () => {
  it('names the key of its certificate, which a renewal keeps', async () => {
    const first = await routeOfferOf(direct(certificate('host')))
    expect(first).toEqual({
      kind: 'direct',
      url: 'https://node.example',
      certificate_key_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(await routeOfferOf(direct(certificate('host-renewed')))).toEqual(first)
    expect(await routeOfferOf(direct(certificate('stranger')))).not.toEqual(first)
  })

  it('is an address or the wish for a tunnel, and nothing of how that is kept up', async () => {
    expect(await routeOfferOf(direct())).toEqual({ kind: 'direct', url: 'https://node.example' })
    const tunnel = { kind: 'cloudflared_named' as const, program: '/opt/cloudflared' }
    expect(await routeOfferOf({ route: tunnel })).toEqual({ kind: 'cloudflared_named' })
  })

  it.each([
    ['not there', '/nowhere/host.pem', /cannot be read \(ENOENT\)/],
    ['not one', import.meta.filename, /holds no X\.509 certificate: name a PEM file/],
    ['weak', certificate('weak'), /is weak: use RSA from 2048 bits/],
  ])('a certificate that is %s is refused', async (_, file, message) => {
    await expect(routeOfferOf(direct(file))).rejects.toThrow(message)
  })

  it('does not exist in mode local', async () => {
    await expect(routeOfferOf({})).rejects.toThrow(/Mode local needs no enrolment/)
  })
})
