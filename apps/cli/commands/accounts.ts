/** Customers, and money that comes to them outside of requests. */
import { argument, count, flag, oneOf, option, pairs, required, usd } from '../inputs.ts'
import { type Leaf, leaf } from '../leaf.ts'
import { columns } from '../table.ts'

const account = argument('<account>', 'id of the account, acct_…')
const reference = required(
  '--reference <text>',
  "the payment's or your own id of this: sent again, it posts nothing more",
)
const limit = count('--limit <n>', 'no more rows than this')

const accountColumns = columns(
  'id',
  'name',
  'tags',
  'smoke',
  'owner_id=owner',
  'created_at:ago=created',
)

const entryColumns = columns(
  'id',
  'created_at:ago=when',
  'kind',
  'legs.account=accounts',
  'legs.amount_usd=USD',
  'reference',
  'by',
  'about',
)

export const accountLeaves: readonly Leaf[] = [
  leaf({
    name: 'accounts create',
    does: 'make an account for a customer',
    inputs: {
      name: argument('<name>', 'what people call the customer'),
      owner_id: option('--owner <id>', 'the host owner that this customer also is'),
      tags: pairs('--tag <name=value>', 'for spend by tag'),
      smoke: flag('--smoke', "for the operator's own tests"),
    },
    calls: ['POST /admin/accounts'],
    run: (session, { smoke, ...body }) =>
      session.show({
        route: 'POST /admin/accounts',
        body: { ...body, ...(smoke ? { smoke } : {}) },
      }),
  }),
  leaf({
    name: 'accounts list',
    does: 'every account',
    inputs: { limit },
    calls: ['GET /admin/accounts'],
    run: (session, given) =>
      session.list({ route: 'GET /admin/accounts', columns: accountColumns, ...given }),
  }),
  leaf({
    name: 'accounts show',
    does: 'one account with its balance',
    inputs: { account },
    calls: ['GET /admin/accounts/:id'],
    run: (session, given) =>
      session.show({ route: 'GET /admin/accounts/:id', parts: [given.account] }),
  }),
  leaf({
    name: 'accounts update',
    does: 'change the name or the tags of an account',
    more: 'The tags given are all that the account has afterwards.',
    inputs: {
      account,
      name: option('--name <text>', 'what people call the customer'),
      tags: pairs('--tag <name=value>', 'for spend by tag'),
    },
    calls: ['PATCH /admin/accounts/:id'],
    run: (session, { account: id, ...body }) =>
      session.show({ route: 'PATCH /admin/accounts/:id', parts: [id], body }),
  }),
  ...(['suspend', 'resume'] as const).map((word) =>
    leaf({
      name: `accounts ${word}`,
      does: word === 'suspend' ? 'stop all paid use at once' : 'allow paid use again',
      inputs: { account },
      calls: ['PATCH /admin/accounts/:id'],
      run: (session, given) =>
        session.show({
          route: 'PATCH /admin/accounts/:id',
          parts: [given.account],
          body: { status: word === 'suspend' ? 'suspended' : 'active' },
        }),
    }),
  ),
  leaf({
    name: 'accounts entries',
    does: 'what was posted to an account other than charges, newest first',
    inputs: { account, limit },
    calls: ['GET /admin/accounts/:id/entries'],
    run: (session, given) =>
      session.list({
        route: 'GET /admin/accounts/:id/entries',
        parts: [given.account],
        columns: entryColumns,
        limit: given.limit,
      }),
  }),
  leaf({
    name: 'top-up',
    does: 'add a payment that was made, or a grant, to a balance',
    inputs: {
      account,
      amount_usd: argument('<usd>', 'such as 25 or 0.50'),
      reference,
      grant: flag('--grant', 'a gift of ours: no host earns from it'),
    },
    calls: ['POST /admin/accounts/:id/credits'],
    run: (session, { account: id, grant, ...body }) =>
      session.show({
        route: 'POST /admin/accounts/:id/credits',
        parts: [id],
        body: { ...body, kind: grant ? 'grant' : 'top_up' },
      }),
  }),
  leaf({
    name: 'refund',
    does: 'give a charge back, whole or in part',
    inputs: {
      account,
      charge: argument('<charge>', 'the receipt hash or the request id'),
      amount_usd: usd('--amount <usd>', 'a part of the charge'),
      bearer: oneOf('--bearer <who>', 'whose money it is', ['platform', 'host']),
      reference,
    },
    calls: ['POST /admin/accounts/:id/refunds'],
    run: (session, { account: id, charge, ...body }) =>
      session.show({
        route: 'POST /admin/accounts/:id/refunds',
        parts: [id],
        body: {
          ...body,
          ...(charge.length === 64 ? { receipt_hash: charge } : { request_id: charge }),
        },
      }),
  }),
  leaf({
    name: 'adjust',
    does: 'correct a balance; above a limit a second operator must approve it',
    inputs: {
      account,
      amount_usd: argument('<usd>', 'what to add, or with a minus sign what to take'),
      reason: required('--reason <text>', 'why, for the books'),
      reference,
    },
    calls: ['POST /admin/accounts/:id/adjustments'],
    run: (session, { account: id, ...body }) =>
      session.show({ route: 'POST /admin/accounts/:id/adjustments', parts: [id], body }),
  }),
  leaf({
    name: 'adjustments show',
    does: 'what a second operator is to approve, and what became of it',
    inputs: { reference: argument('<reference>', 'of the adjustment') },
    calls: ['GET /admin/adjustments/:id'],
    run: (session, given) =>
      session.show({ route: 'GET /admin/adjustments/:id', parts: [given.reference] }),
  }),
  leaf({
    name: 'adjustments approve',
    does: 'approve what another operator asked for',
    inputs: { reference: argument('<reference>', 'of the adjustment') },
    calls: ['POST /admin/adjustments/:id/approve'],
    run: (session, given) =>
      session.show({ route: 'POST /admin/adjustments/:id/approve', parts: [given.reference] }),
  }),
]
