// Why a request is not served, as a table: what the control plane found, in words that can be looked up.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Desk, makeDesk } from './support/in-process.ts'
import { listen } from './support/receipt-server.ts'

let desk: Desk
beforeEach(async () => {
  desk = await makeDesk()
  await desk.write('op.key', `op-b3iq-p1-${'k'.repeat(43)}`)
  await desk.write('body.json', { model: 'maker/model', messages: [] })
})
afterEach(() => desk.clear())

const price = { prompt_usd_per_mtok: '0.1', completion_usd_per_mtok: '0.3' }
const fine = {
  blockers: [],
  removed_by: [],
  incident_id: null,
  in_view: true,
  chance_first: 0.5,
  price,
}
const hosts = [
  { ...fine, node_id: 'n_1', profile_id: 'p' },
  {
    ...fine,
    node_id: 'n_2',
    profile_id: 'p',
    blockers: [{ code: 'heartbeat_stale' }],
    price: null,
  },
  { ...fine, node_id: 'n_3', profile_id: 'p', removed_by: ['max_price'], chance_first: 0 },
  { ...fine, node_id: 'n_4', profile_id: 'p', incident_id: 'inc_7', chance_first: 0 },
  { ...fine, node_id: 'n_5', profile_id: 'p', in_view: false, chance_first: 0 },
]

/** Two hosts on a page; what was asked is collected. */
async function explain(verdict: object, ...more: string[]) {
  const asked: unknown[] = []
  const url = await listen(async (request, response) => {
    let text = ''
    for await (const piece of request) text += piece
    const body = JSON.parse(text)
    asked.push(body)
    const from = hosts.findIndex(({ node_id }) => node_id === body.after) + 1
    const data = hosts.slice(from, from + 2)
    const next = from + 2 < hosts.length ? data.at(-1)?.node_id : null
    const list = { object: 'list', data, has_more: next !== null, next }
    response.end(JSON.stringify({ object: 'route_explanation', ...verdict, hosts: list }))
  })
  const argv = ['explain', '--key-id', 'key_1', desk.at('body.json'), '--admin', url, ...more]
  return { asked, ...(await desk.run(...argv, '--operator-key-file', desk.at('op.key'))) }
}

const served = { would_be_dispatched: true, refusals: [], plan: { hold_usd: '0.01' } }

it('names what removed each candidate, over all pages', async () => {
  const { code, out, asked } = await explain(served)
  expect(code).toBe(0)
  expect(
    out
      .trimEnd()
      .split('\n')
      .map((line) => line.trim()),
  ).toEqual([
    'The request would be served. It would hold 0.01 USD.',
    '',
    expect.stringMatching(/^node +alias +profile .* first +removed by$/),
    expect.stringMatching(/^n_1 .* 50 % +-$/),
    expect.stringMatching(/^n_2 .* heartbeat_stale$/),
    expect.stringMatching(/^n_3 .* max_price$/),
    expect.stringMatching(/^n_4 .* incident inc_7$/),
    expect.stringMatching(/^n_5 .* not in the part of the pool that was looked at$/),
  ])
  expect(asked).toHaveLength(3)
  expect(asked[0]).toEqual({ key_id: 'key_1', body: { model: 'maker/model', messages: [] } })
})

it('says why the request is refused as a whole', async () => {
  const refusals = [{ code: 'insufficient_balance', message: 'The balance is short.' }]
  const { out } = await explain({ would_be_dispatched: false, refusals, plan: null })
  expect(out).toMatch(
    /^The request would be refused\.\n {2}insufficient_balance: The balance is short\.\n/,
  )
})

it('is one document for programs', async () => {
  const { out } = await explain(served, '--json')
  expect(JSON.parse(out)).toMatchObject({ ...served, hosts: { has_more: false, data: hosts } })
})
