/** `b3iq spend`: what requests came to, by day or by what they were of. */
import type { Fields } from '../api.ts'
import { ago } from '../cells.ts'
import { count, day, oneOf, option } from '../inputs.ts'
import { leaf } from '../leaf.ts'
import { ok } from '../outcome.ts'
import { printable } from '../printable.ts'
import { columns, toTable, valueAt } from '../table.ts'

const route = 'GET /admin/spend'
const dayMs = 24 * 60 * 60_000
const defaultDays = 30

const named = {
  day: ['day'],
  account: ['account_id=account'],
  key: ['account_id=account', 'key_id=key'],
  model: ['model'],
  node: ['node_id=node'],
  tag: ['tag'],
} as const

const sums = [
  'requests:count',
  'completed:count=whole',
  'partial:count',
  'failed:count',
  'prompt_tokens:count=prompt',
  'cached_prompt_tokens:count=cached',
  'completion_tokens:count=completion',
  'charge_usd:usd=charge',
  'host_share_usd:usd=to hosts',
  'fee_usd:usd=fee',
]

export const spendLeaf = leaf({
  name: 'spend',
  does: 'what requests came to, by day or by what they were of',
  more: 'Sums are kept of one thing at a time: name at most one of --account, --key, --model, --node and --tag.',
  inputs: {
    by: oneOf('--by <what>', 'by default the day', [
      'day',
      'account',
      'key',
      'model',
      'node',
      'tag',
    ]),
    from: day('--from <day>', 'first day, UTC; by default 30 days back'),
    to: day('--to <day>', 'last day, UTC; by default today'),
    account_id: option('--account <id>', 'of one customer'),
    key_id: option('--key <id>', 'of one key'),
    model: option('--model <id>', 'of one model'),
    node_id: option('--node <id>', 'of one node'),
    tag: option('--tag <name=value>', 'of all accounts with this tag'),
    limit: count('--limit <n>', 'no more rows than this'),
  },
  calls: [route],
  run: async (session, { by = 'day', from, to, limit, ...of }) => {
    const nowMs = session.world.nowMs()
    const lastDay = to ?? isoDay(nowMs)
    const firstDay = from ?? isoDay(Date.parse(lastDay) - (defaultDays - 1) * dayMs)
    const query = { by, from: firstDay, to: lastDay, ...of }
    const listed = await session.pages({ route, query, limit })
    if (!listed.ok) return listed
    const rows = toTable(listed.value.data, columns(...named[by], ...sums), nowMs)
    const text = [...rows, '', totalOf(listed.value, nowMs)].join('\n')
    return ok({ json: listed.value, text })
  },
})

const isoDay = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10)

function totalOf(listed: Fields, nowMs: number): string {
  const told = (path: string) => printable(String(valueAt(listed, path) ?? '-'))
  const asOf = valueAt(listed, 'as_of')
  const newest = typeof asOf === 'string' ? `, the newest counted ${ago(asOf, nowMs)}` : ''
  return `${told('from')} to ${told('to')}: ${told('total.requests')} requests, ${told('total.charge_usd')} USD${newest}.`
}
