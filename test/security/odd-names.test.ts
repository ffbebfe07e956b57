// Texts of operators and customers come back as they were sent, or are refused; none is taken for another.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminEndpoints } from '../../src/admin/api/endpoints.ts'
import { gatewayEndpoints } from '../../src/gateway/api/endpoints.ts'
import { errorOf } from '../support/chat-client.ts'
import { type ControlPlane, type Reply, startControlPlane } from '../support/control-plane.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { callsOf } from './called-endpoints.ts'
import { guardingErrors } from './guarded-errors.ts'
import { oddTexts } from './odd-texts.ts'
import { bearer, type OpenGateway, openGateway } from './open-gateway.ts'
import { dumpOf } from './table-dump.ts'

let bench: GatewayBench
let gateway: OpenGateway
let customer: Customer
let plane: ControlPlane

beforeAll(async () => {
  ;[bench, plane] = await Promise.all([startGatewayBench(), startControlPlane()])
  gateway = await openGateway(bench)
  customer = await bench.customer()
})
afterAll(() => Promise.all([bench.stop(), plane.stop()]))

describe('a name that an operator gives', () => {
  const isRefused = ({ status, error }: Reply) =>
    status === 400 && typeof error.message === 'string' && error.message.length < 300

  test('to an account or a key is shown as it was given', async () => {
    const shown = new Map<string, unknown>()
    for (const text of oddTexts) {
      const made = await plane.operate('POST', '/accounts', { name: text, tags: { team: text } })
      if (made.status !== 200) {
        expect([text, isRefused(made)]).toEqual([text, true])
        continue
      }
      const account_id = String(made.body.id)
      const account = await plane.operate('GET', `/accounts/${account_id}`)
      expect(account.body).toMatchObject({ name: text.trim(), tags: { team: text.trim() } })
      const key = await plane.operate('POST', '/keys', { account_id, name: text })
      const again = await plane.operate('GET', `/keys/${String(key.body.id)}`)
      expect(again.body).toMatchObject({ name: text.trim() })
      shown.set(account_id, account.body)
    }
    expect(shown.size).toBeGreaterThan(30)
    for (const [id, body] of shown) {
      expect((await plane.operate('GET', `/accounts/${id}`)).body).toEqual(body)
    }
  })

  test('to a payment posts it once for each text, however alike they look', async () => {
    const id = await plane.newAccount()
    const taken = new Set<unknown>()
    let posted = 0
    for (const reference of oddTexts) {
      const credit = { amount_usd: '1', kind: 'grant', reference }
      const reply = await plane.operate('POST', `/accounts/${id}/credits`, credit)
      if (reply.status !== 200) {
        expect([reference, isRefused(reply)]).toEqual([reference, true])
        continue
      }
      expect(reply.body.reference).toBe(reference)
      taken.add(reply.body.id)
      posted += 1
    }
    expect(taken.size).toBe(posted)
    expect(posted).toBeGreaterThan(8)
    const { body } = await plane.operate('GET', `/accounts/${id}`)
    expect(body).toMatchObject({ wallet: { available_usd: String(posted) } })
  })

  test('to an owner is one that no key can be broken with', async () => {
    for (const owner_id of oddTexts) {
      const reply = await plane.operate('POST', '/join-codes', { owner_id })
      if (reply.status === 200) expect(reply.body.owner_id).toBe(owner_id)
      else expect([owner_id, isRefused(reply)]).toEqual([owner_id, true])
      expect([owner_id, reply.status === 200 && /[#/\s]/.test(owner_id)]).toEqual([owner_id, false])
    }
  })
})

/** As a path or a query can carry it. */
const escaped = (text: string) => encodeURIComponent(text)

describe('an odd text', () => {
  test('in a path of operators names nothing, and changes nothing', async () => {
    const app = guardingErrors(plane.adminOf({}), { secrets: [], tables: plane.tables })
    const headers = {
      authorization: `Bearer ${plane.operatorKey('owner')}`,
      'content-type': 'application/json',
    }
    const before = await dumpOf(plane, ['audit#'])
    const named = callsOf(adminEndpoints).filter(({ route }) => route.includes(':id'))
    const some = oddTexts.filter((_, index) => index % 3 === 0)
    for (const { method, route, takes } of named) {
      for (const text of some) {
        const path = (route.split(' ')[1] ?? '').replace(/:\w+/g, escaped(text))
        const withBody = takes.length > 0 ? { body: '{}' } : {}
        const { status } = await app.request(path, { method, headers, ...withBody })
        expect([route, text, status >= 400 && status < 500]).toEqual([route, text, true])
      }
    }
    expect(await dumpOf(plane, ['audit#'])).toEqual(before)
  })

  test('in a path or a query of customers is answered in so many words', async () => {
    const looks = callsOf(gatewayEndpoints).filter(
      ({ takes, auth }) => takes.length === 0 && auth !== 'none',
    )
    for (const { method, route } of looks) {
      const [, path = ''] = route.split(' ')
      for (const text of oddTexts) {
        const asked = path.replace(/:\w+(\{[^}]*\})?/g, escaped(text))
        const query = `?after=${escaped(text)}&limit=${escaped(text)}&${escaped(text)}=1`
        for (const one of new Set([asked, asked + query, `${path}?model=%ff%00`])) {
          const response = await gateway.app.request(one, { method, headers: bearer(customer) })
          expect([one, response.status < 500]).toEqual([one, true])
          await response.body?.cancel()
        }
      }
    }
  })

  test('in a header is taken as it is, or refused', async () => {
    const path = '/v1/chat/completions'
    const body = JSON.stringify({ model: 'maker/none', messages: [{ role: 'user', content: 'a' }] })
    const carried = oddTexts.filter((text) => /^[\t\x20-\xff]*$/.test(text))
    expect(carried.length).toBeGreaterThan(20)
    for (const text of carried) {
      for (const name of ['idempotency-key', 'x-b3iq-quote-id', 'x-b3iq-deadline-seconds']) {
        const headers = { ...bearer(customer), 'content-type': 'application/json', [name]: text }
        const response = await gateway.app.request(path, { method: 'POST', headers, body })
        expect([400, 404]).toContain((await errorOf(response)).status)
      }
    }
  })

  test('as the name of a model is not on sale, and told in full and no longer', async () => {
    for (const model of oddTexts) {
      const response = await gateway.app.request('/v1/chat/completions', {
        method: 'POST',
        headers: { ...bearer(customer), 'content-type': 'application/json' },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'a' }] }),
      })
      const { status, message } = await errorOf(response)
      expect([model, status]).toEqual([model, model.length > 128 ? 400 : 404])
      expect(message.includes(`"${model}"`)).toBe(model.length <= 128)
      expect(message.length).toBeLessThan(300)
    }
    expect(gateway.dispatches()).toBe(0)
  })
})
