/** Watching money and changes as they happen. */
import type { Fields } from '../api.ts'
import { cell } from '../cells.ts'
import { follow } from '../follow.ts'
import { argument, count, day, flag, option } from '../inputs.ts'
import { type Leaf, leaf, type Output } from '../leaf.ts'
import { type Outcome, ok } from '../outcome.ts'
import { type Asked, callOf, type Session } from '../session.ts'
import { columns, valueAt } from '../table.ts'

const every = count('--every <seconds>', 'between two looks; by default 5', { max: 3600 })
const forSec = count('--for <seconds>', 'then end; by default on Ctrl-C', { max: 86_400 })

export const auditColumns = columns(
  'at:ago=when',
  'by.name=who',
  'by.role=role',
  'route',
  'subject.id=subject',
  'state',
  'outcome',
  'id',
)

export const followingLeaves: readonly Leaf[] = [
  leaf({
    name: 'tail',
    does: 'print charges and payments as they come; with --account what is posted to a customer',
    inputs: {
      account: option('--account <id>', 'for operators: entries of this account'),
      every,
      forSec,
    },
    calls: ['GET /v1/billing/usage', 'GET /admin/accounts/:id/entries'],
    run: (session, { account, ...pace }) =>
      account === undefined
        ? watch(session, { route: 'GET /v1/billing/usage' }, { ...pace, ...ofUsage })
        : watch(
            session,
            { route: 'GET /admin/accounts/:id/entries', parts: [account] },
            { ...pace, ...ofEntries },
          ),
  }),
  leaf({
    name: 'audit',
    does: 'who changed what, newest first; with --follow as it happens',
    inputs: {
      from: day('--from <day>', 'first day, UTC; by default a week ago'),
      to: day('--to <day>', 'last day, UTC'),
      operator: option('--operator <key>', "only by this operator's key"),
      route: option('--route <route>', 'only this, such as "PATCH /admin/keys/:id"'),
      subject: option('--subject <id>', 'only about this account, key, node …'),
      limit: count('--limit <n>', 'no more rows than this; by default 100'),
      follow: flag('--follow', 'print changes as they are made'),
      every,
      forSec,
    },
    calls: ['GET /admin/audit'],
    run: (session, { follow: isFollowing, every: everySec, forSec: sec, limit, ...filters }) => {
      const route = 'GET /admin/audit'
      if (!isFollowing) {
        return session.list({ route, query: filters, columns: auditColumns, limit: limit ?? 100 })
      }
      const { operator, route: only, subject } = filters
      const query = { operator, route: only, subject }
      return watch(session, { route, query }, { every: everySec, forSec: sec, ...ofAudit })
    },
  }),
  leaf({
    name: 'audit-record',
    does: 'one change with what was asked, and how the thing stood before and after',
    inputs: { record: argument('<record>', 'id of the audit record, audit_…') },
    calls: ['GET /admin/audit/:id'],
    run: (session, { record }) => session.show({ route: 'GET /admin/audit/:id', parts: [record] }),
  }),
]

type Shown = {
  readonly every?: number | undefined
  readonly forSec?: number | undefined
  readonly timeField: string
  readonly fields: readonly string[]
}

const ofUsage = {
  timeField: 'at',
  fields: ['at', 'type', 'amount_usd', 'model', 'completion_tokens', 'status', 'receipt_hash'],
}
const ofEntries = {
  timeField: 'created_at',
  fields: ['created_at', 'kind', 'legs.amount_usd', 'reference', 'by', 'about'],
}
const ofAudit = {
  timeField: 'at',
  fields: ['at', 'by.name', 'route', 'subject.id', 'outcome', 'id'],
}

async function watch(
  session: Session,
  asked: Asked,
  { every: everySec = 5, forSec: sec, timeField, fields }: Shown,
): Promise<Outcome<Output>> {
  const opened = await session.open(asked.route.includes(' /admin') ? 'admin' : 'gateway')
  if (!opened.ok) return opened
  const lineOf = (row: Fields): string =>
    session.flags.json
      ? JSON.stringify(row)
      : fields.map((field) => cell(valueAt(row, field), 'text', 0)).join('  ')
  const ended = await follow(
    {
      timeField,
      everySec,
      forSec: sec,
      readPage: (query) =>
        opened.value.api.askJson(callOf({ ...asked, query: { ...asked.query, ...query } })),
      print: (row) => session.print(lineOf(row)),
      onTooMany: () =>
        session.note('More happens than is shown here: b3iq spend and b3iq usage show all of it.'),
    },
    session.world,
  )
  return ended.ok ? ok({}) : ended
}
