// Operators' commands against the real admin API on the embedded database, over real HTTP: what is typed
// does what it says, keys go to files, and a repeated command is done once.
import { randomUUID } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { leaves } from '../../../apps/cli/commands.ts'
import { leastRole } from '../../../src/admin/roles.ts'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  startControlPlane,
} from '../../support/control-plane.ts'
import { fleetOver } from '../../support/enrolled-fleet.ts'
import { type Desk, makeDesk, piped } from './support/in-process.ts'
import { served } from './support/served.ts'

const token = 'the-token-of-this-laptop'

let plane: ControlPlane
let desk: Desk
let admin: Awaited<ReturnType<typeof served>>
beforeAll(async () => {
  plane = await startControlPlane()
  const bootstrap = plane.bootstrapOf({ kind: 'token', token })
  const app = plane.adminOf({})
  admin = await served((request) =>
    new URL(request.url).pathname === '/admin/bootstrap'
      ? bootstrap.fetch(request)
      : app.fetch(request),
  )
})
afterAll(async () => {
  await admin.close()
  await plane.stop()
})
beforeEach(async () => {
  desk = await makeDesk({ nowMs: plane.nowMs, newId: () => randomUUID() })
  await desk.write('op.key', plane.operatorKey('owner'))
  return () => desk.clear()
})

const operate = (...argv: string[]) =>
  desk.run(...argv, '--admin', admin.url, '--operator-key-file', desk.at('op.key'))

const AnyObject = z.record(z.string(), z.unknown())
const jsonOf = async (...argv: string[]) => {
  const { code, out, err } = await operate(...argv, '--json')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return AnyObject.parse(JSON.parse(out))
}
const idOf = async (...argv: string[]) => z.string().parse((await jsonOf(...argv)).id)

it('every route of the admin API has a command', () => {
  const called = new Set(leaves.flatMap(({ calls }) => calls))
  expect(Object.keys(leastRole).filter((route) => !called.has(route))).toEqual([])
})

describe('the first owner key', () => {
  it('goes to a file that only its owner can read, once', async () => {
    const init = async () => {
      const tokenFile = await desk.write('secrets.json', { bootstrap_token: token })
      return desk.run('admin', 'init', '--admin', admin.url, '--token-file', tokenFile)
    }
    const { code, out, err } = await init()
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const file = desk.at('.config', 'b3iq', 'owner.key')
    const key = await readFile(file, 'utf8')
    expect(key).toMatch(/^op-b3iq-\S+\n$/)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(out).toContain(file)
    expect(out).not.toContain(key.trim())

    const again = await init()
    expect(again.code).toBe(2)
    expect(again.err).toContain('there is such a file already')
    const other = desk.at('other.key')
    const tokenFile = await desk.write('token', token)
    const argv = ['--admin', admin.url, '--token-file', tokenFile, '--write-key-file', other]
    const refused = await desk.run('admin', 'init', ...argv)
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('An owner can make further keys: b3iq operators create.')
    await expect(stat(other)).rejects.toThrow('ENOENT')
  })

  it('comes from what curl got on AWS, straight to its file', async () => {
    const reply = { object: 'operator_key', id: 'key_1', role: 'owner', key: 'op-b3iq-p1-secret' }
    const file = desk.at('aws.key')
    const argv = ['admin', 'init', '--reply-file', '-', '--write-key-file', file]
    const { code, out } = await desk.runWith({ stdin: piped(JSON.stringify(reply)) }, ...argv)
    expect(code).toBe(0)
    expect(out).not.toContain('secret')
    expect(await readFile(file, 'utf8')).toBe('op-b3iq-p1-secret\n')

    const denied = { error: { code: 'already_bootstrapped', message: 'It was made.' } }
    const second = ['admin', 'init', '--reply-file', '-', '--show']
    const refused = await desk.runWith({ stdin: piped(JSON.stringify(denied)) }, ...second)
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('It was made.') })
  })
})

describe('a customer', () => {
  it('is made, tagged, found, suspended and allowed again', async () => {
    const id = await idOf('accounts', 'create', 'Ada', '--tag', 'team=red')
    const { out } = await operate('accounts', 'list')
    const [head, ...rows] = out.split('\n')
    expect(head).toMatch(/^id +name +tags/)
    expect(rows.find((row) => row.startsWith(id))).toMatch(/Ada .*team=red .*(now|s ago)/)
    expect((await operate('accounts', 'suspend', id)).out).toMatch(/status +suspended/)
    expect((await operate('accounts', 'resume', id)).out).toMatch(/status +active/)
    expect((await operate('accounts', 'update', id, '--name', 'Ada B')).out).toMatch(/name +Ada B/)
  })

  it('gets money once, however often the payment is told', async () => {
    const id = await idOf('accounts', 'create', 'Ada')
    for (const _ of [1, 2]) {
      const { code } = await operate('top-up', id, '25', '--reference', 'pay-1')
      expect(code).toBe(0)
    }
    expect((await operate('accounts', 'show', id)).out).toMatch(/wallet\.available_usd +25\n/)
    expect(await operate('top-up', id, '26', '--reference', 'pay-1')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/\(reference_reused, request \S+\)\n$/),
    })
    const taken = ['adjust', id, '-5', '--reason', 'a mistake', '--reference', 'adj-1']
    expect((await operate(...taken)).out).toMatch(/amount_usd +-5\n/)
    const entries = await operate('accounts', 'entries', id)
    expect(entries.out).toMatch(/adjustment .*adj-1/)
    expect(entries.out).toMatch(/top_up .*pay-1/)
  })

  it('is made once by a command that is repeated under its idempotency key', async () => {
    const argv = ['accounts', 'create', 'Twice', '--idempotency-key', 'twice-1']
    expect(await idOf(...argv)).toBe(await idOf(...argv))
  })
})

describe("a customer's key", () => {
  it('goes to a file with its policy and limits, and is not printed', async () => {
    const account = await idOf('accounts', 'create', 'Ada')
    const file = desk.at('ada.key')
    const rules = ['--allow-model', 'maker/*', '--spend-per-day', '1.50', '--rpm', '10']
    const argv = ['keys', 'create', account, '--name', 'ci', ...rules, '--write-key-file', file]
    const created = await jsonOf(...argv)
    expect(created).toMatchObject({
      key_file: file,
      policy: { models_allowed: ['maker/*'] },
      limits: { spend_usd_per_day: '1.5', requests_per_minute: 10, concurrency: null },
    })
    expect(created).not.toHaveProperty('key')
    expect(await readFile(file, 'utf8')).toMatch(/^sk-b3iq-\S+\n$/)

    const id = z.string().parse(created.id)
    const change = ['--lift', 'requests_per_minute', '--concurrency', '2', '--name', 'ci 2']
    expect(await jsonOf('keys', 'update', id, ...change)).toMatchObject({
      name: 'ci 2',
      policy: { models_allowed: ['maker/*'] },
      limits: { spend_usd_per_day: '1.5', requests_per_minute: null, concurrency: 2 },
    })
    const next = desk.at('ada-2.key')
    await jsonOf('keys', 'rotate', id, '--grace', '60', '--write-key-file', next)
    expect(await readFile(next, 'utf8')).not.toBe(await readFile(file, 'utf8'))
    expect((await operate('keys', 'revoke', id)).out).toMatch(/status +revoked/)
    expect((await operate('keys', 'list', account)).out).toMatch(/revoked/)
  })

  it('leaves no file behind when it is refused', async () => {
    const file = desk.at('none.key')
    const argv = ['keys', 'create', `acct_${'0'.repeat(26)}`, '--name', 'x']
    const { code, err } = await operate(...argv, '--write-key-file', file)
    expect(code).toBe(1)
    expect(err).toContain('account_not_found')
    await expect(stat(file)).rejects.toThrow('ENOENT')
  })

  it('is not made where its file cannot be written', async () => {
    const account = await idOf('accounts', 'create', 'Ada')
    const file = await desk.write('taken.key', 'another')
    const argv = ['keys', 'create', account, '--name', 'x', '--write-key-file', file]
    expect((await operate(...argv)).code).toBe(2)
    expect(await readFile(file, 'utf8')).toBe('another')
    expect((await operate('keys', 'list', account)).out).toBe('There are none.\n')
  })

  it('that an earlier try made, whose reply was lost, is said to be lost', async () => {
    const account = await idOf('accounts', 'create', 'Ada')
    const argv = ['keys', 'create', account, '--name', 'x', '--idempotency-key', 'lost-1']
    await jsonOf(...argv)
    const file = desk.at('lost.key')
    const { code, err } = await operate(...argv, '--write-key-file', file)
    expect(code).toBe(1)
    expect(err).toMatch(/The key key_\S+ was made by an earlier try, and its secret .* got lost/)
    await expect(stat(file)).rejects.toThrow('ENOENT')
  })
})

describe('the fleet', () => {
  it('is listed, paused and taken up again', async () => {
    const node = await fleetOver(plane).enrol({ node: { alias: 'quick-otter' } })
    const listed = await operate('nodes', 'list')
    expect(listed.out).toMatch(new RegExp(`${node.nodeId} +quick-otter`))
    expect((await operate('nodes', 'pause', node.nodeId)).out).toMatch(/status +suspended/)
    expect((await operate('nodes', 'approve', node.nodeId)).out).toMatch(/status +approved/)
    expect((await operate('nodes', 'show', node.nodeId)).code).toBe(0)
    expect((await operate('deployments', 'list')).code).toBe(0)
    expect((await operate('nodes', 'earnings', node.nodeId)).code).toBe(0)
    const code = await operate('join-code', 'create', '--owner', 'ada')
    expect(code.out).toMatch(/code +b3iq-join-/)
  })

  it('is given jobs', async () => {
    const node = await fleetOver(plane).enrol()
    const order = ['jobs', 'order', node.nodeId, 'health.check', '--reference', 'look-1']
    const job = await idOf(...order)
    expect(await idOf(...order, '--args', '{}')).toBe(job)
    expect((await operate('jobs', 'list', node.nodeId)).out).toContain(job)
    expect((await operate('jobs', 'cancel', job)).out).toMatch(/state +cancelled/)
    const bad = await operate(...order.slice(0, 4), '--args', '{', '--reference', 'r')
    expect(bad).toMatchObject({
      code: 2,
      err: 'b3iq: --args is not a JSON object: it is not JSON.\n',
    })
  })
})

it('the catalogue is put from a file, listed and shown', async () => {
  const model = catalogueModel('maker/one', [digestOf('a')])
  const file = await desk.write('model.json', model)
  expect((await operate('catalogue', 'put', file)).code).toBe(0)
  expect((await operate('catalogue', 'list')).out).toMatch(/^maker\/one /m)
  expect(await jsonOf('catalogue', 'show', 'maker/one')).toMatchObject({ id: 'maker/one' })
  expect((await operate('catalogue', 'show', 'maker/none')).code).toBe(2)
  await desk.write('model.json', { ...model, max_output_tokens: 100_000 })
  const { code, err } = await operate('catalogue', 'put', file)
  expect(code).toBe(1)
  expect(err).toContain('max_output_tokens must not exceed context_length.')
})

describe('trouble', () => {
  it('is paused with an end, listed and resolved', async () => {
    const opened = await jsonOf(
      'incidents',
      'open',
      'everything',
      '--for',
      '4h',
      '--reason',
      'a test',
    )
    expect(opened).toMatchObject({ scope: { kind: 'everything' }, state: 'active' })
    const id = z.string().parse(opened.id)
    const { out } = await operate('incidents', 'list')
    expect(out).toMatch(/everything +- +active +in 4 h/)
    expect((await operate('incidents', 'resolve', id)).out).toMatch(/state +resolved/)
  })

  it('is looked up in who changed what', async () => {
    const id = await idOf('accounts', 'create', 'Watched')
    const { out } = await operate('audit', '--subject', id)
    expect(out).toMatch(new RegExp(`owner +owner +POST /admin/accounts +${id} +ended +done`))
    const [record = ''] = /audit_\w+/.exec(out) ?? []
    expect((await operate('audit-record', record)).out).toMatch(/request\.name +Watched/)
  })

  it('is refused to those who may not', async () => {
    await desk.write('op.key', plane.operatorKey('viewer'))
    const { code, err } = await operate('accounts', 'create', 'Ada')
    expect(code).toBe(1)
    expect(err).toContain('Use the key of an operator with a higher role. (missing_role')
  })
})

it('operators get keys of their own', async () => {
  const file = desk.at('eve.key')
  const id = await idOf('operators', 'create', 'Eve', '--role', 'support', '--write-key-file', file)
  expect((await operate('operators', 'list')).out).toMatch(
    new RegExp(`${id} +Eve +support +active`),
  )
  expect((await operate('operators', 'revoke', id)).out).toMatch(/status +revoked/)
})

it('spend is told with its total', async () => {
  const { code, out } = await operate(
    'spend',
    '--by',
    'model',
    '--from',
    '2026-11-01',
    '--to',
    '2026-11-21',
  )
  expect(code).toBe(0)
  expect(out).toContain('2026-11-01 to 2026-11-21: 0 requests, 0 USD.')
})
