import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  startControlPlane,
} from '../support/control-plane.ts'
import { enrolledHost } from '../support/test-host.ts'

const dayMs = 24 * 60 * 60_000

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const inMs = (durationMs: number) => new Date(plane.nowMs() + durationMs).toISOString()
const open = (changes: object = {}, key?: string) =>
  plane.operate(
    'POST',
    '/incidents',
    { scope: { kind: 'everything' }, reason: 'a fire', expires_at: inMs(dayMs), ...changes },
    key,
  )
const opened = async (changes: object = {}) => {
  const { body } = await open(changes)
  return z.object({ id: z.string() }).loose().parse(body)
}
const resolve = (id: string) => plane.operate('POST', `/incidents/${id}/resolve`)

describe('an incident', () => {
  test('is opened with its scope, reason and end, by somebody', async () => {
    const incident = await opened({ expires_at: inMs(30 * dayMs) })
    expect(incident).toEqual({
      object: 'incident',
      id: expect.stringMatching(/^inc_/),
      scope: { kind: 'everything' },
      reason: 'a fire',
      state: 'active',
      expires_at: inMs(30 * dayMs),
      opened_by: plane.ownerKeyId,
      opened_at: inMs(0),
      resolved_by: null,
      resolved_at: null,
    })
    const { body } = await plane.operate('GET', `/incidents/${incident.id}`)
    expect(body).toEqual(incident)
    await resolve(incident.id)
  })

  test('may be about each part of the market that there is', async () => {
    await plane.operate('PUT', '/models', catalogueModel('maker/model', [digestOf('a')]))
    const { nodeId } = await enrolledHost(plane)
    const account = await plane.newAccount()
    for (const scope of [
      { kind: 'model', id: 'maker/model' },
      { kind: 'node', id: nodeId },
      { kind: 'owner', id: 'alice@example.com' },
      { kind: 'customer', id: account },
      { kind: 'route_class', id: 'portable_local' },
      { kind: 'payout' },
    ]) {
      const incident = await opened({ scope })
      expect(incident).toMatchObject({ scope, state: 'active' })
      await resolve(incident.id)
    }
  })

  test.each([
    [{ expires_at: undefined }, 'missing_required_parameter', 'expires_at'],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'invalid_value', 'expires_at'],
    [{ expires_at: '2126-01-01T00:00:00Z' }, 'invalid_value', 'expires_at'],
    [{ expires_at: 'tomorrow' }, 'invalid_value', 'expires_at'],
    [{ reason: ' ' }, 'invalid_value', 'reason'],
    [{ scope: { kind: 'planet' } }, 'invalid_value', 'scope.kind'],
    [{ scope: { kind: 'owner', id: 'alice & bob' } }, 'invalid_value', 'scope.id'],
    [{ scope: { kind: 'model', id: 'nobody/sells-this' } }, 'invalid_value', 'scope.id'],
    [{ scope: { kind: 'node', id: `n_${'a'.repeat(26)}` } }, 'invalid_value', 'scope.id'],
    [
      { scope: { kind: 'customer', id: 'acct_01ARZ3NDEKTSV4RRFFQ69G5FAV' } },
      'invalid_value',
      'scope.id',
    ],
  ])('is not opened with %j', async (changes, code, param) => {
    expect(await open(changes)).toMatchObject({ status: 400, error: { code, param } })
  })

  test('is resolved once; who did first stands', async () => {
    const { id } = await opened()
    const first = await resolve(id)
    expect(first.body).toMatchObject({
      state: 'resolved',
      resolved_by: plane.ownerKeyId,
      resolved_at: inMs(0),
    })
    plane.passMs(1_000)
    const operator = plane.operatorKey('operator')
    const again = await plane.operate('POST', `/incidents/${id}/resolve`, undefined, operator)
    expect(again.body).toEqual(first.body)
  })

  test('that ended by itself says so, and cannot be resolved', async () => {
    const { id } = await opened({ expires_at: inMs(1_000) })
    plane.passMs(1_000)
    expect((await plane.operate('GET', `/incidents/${id}`)).body).toMatchObject({
      state: 'expired',
    })
    expect(await resolve(id)).toMatchObject({ status: 409, error: { code: 'state_conflict' } })
  })

  test('that nobody opened is not found', async () => {
    const id = 'inc_01ARZ3NDEKTSV4RRFFQ69G5FAV'
    expect(await resolve(id)).toMatchObject({ status: 404, error: { code: 'incident_not_found' } })
    expect(await plane.operate('GET', '/incidents/nobody')).toMatchObject({ status: 404 })
  })

  test('stands in the list, newest first', async () => {
    const [older, newer] = [await opened(), await opened()]
    const { body } = await plane.operate('GET', '/incidents?limit=2')
    expect(body).toMatchObject({ data: [{ id: newer.id }, { id: older.id }], has_more: true })
    const rest = await plane.operate('GET', `/incidents?limit=1&after=${newer.id}`)
    expect(rest.body).toMatchObject({ data: [{ id: older.id }], next: older.id })
    for (const { id } of [older, newer]) await resolve(id)
  })

  test('leaves a record of its opening and of its end', async () => {
    const { id } = await opened()
    await resolve(id)
    const { body } = await plane.operate('GET', `/audit?subject=${id}`)
    expect(body).toMatchObject({
      data: [
        { before: { id, state: 'active' }, after: { id, state: 'resolved' } },
        { before: null, after: { id, state: 'active' } },
      ],
    })
  })
})

test('while payouts are paused none is confirmed', async () => {
  const { id } = await opened({ scope: { kind: 'payout' } })
  const path = `/payouts/n_${'a'.repeat(26)}/2026-11-20/confirm`
  const confirm = () => plane.operate('POST', path, { state: 'paid', transfer_id: 'tr_1' })
  expect(await confirm()).toMatchObject({
    status: 503,
    error: { code: 'incident_paused', incident: { id, scope: { kind: 'payout' } } },
  })
  await resolve(id)
  expect(await confirm()).toMatchObject({ status: 404, error: { code: 'payout_not_found' } })
})
