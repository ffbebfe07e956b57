/** Machines of the fleet, what they serve, what they earn, and what they are told to do. */
import { argument, count, oneOf, option, required } from '../inputs.ts'
import { type Leaf, leaf } from '../leaf.ts'
import { columns } from '../table.ts'

const node = argument('<node>', 'id of the node, n_…')
const profile = argument('<profile>', 'id of the profile, as in deployments list')
const limit = count('--limit <n>', 'no more rows than this')

const statuses = ['pending', 'approved', 'active', 'suspended', 'retired', 'banned'] as const

const nodeColumns = columns(
  'id',
  'alias',
  'owner_id=owner',
  'status',
  'liveness',
  'state',
  'region',
  'trust_tier=trust',
  'profiles:count',
  'last_beat_at:ago=last beat',
)

const deploymentColumns = columns(
  'node_id=node',
  'profile_id=profile',
  'model',
  'node_status=status',
  'eligible',
  'blockers.code=blocked by',
  'route_tier=tier',
  'breaker.state=breaker',
  'observed_benchmark.tokens_per_second_p50:count=tok/s',
  'observed_benchmark.at:ago=measured',
)

const nodeChange = (word: 'approve' | 'suspend' | 'retire', does: string, alias?: string): Leaf => {
  const route = `POST /admin/nodes/:id/${word}`
  return leaf({
    name: `nodes ${word}`,
    ...(alias === undefined ? {} : { alias }),
    does,
    inputs: { node },
    calls: [route],
    run: (session, given) => session.show({ route, parts: [given.node] }),
  })
}

const nodeReport = (word: 'earnings' | 'reputation', does: string): Leaf => {
  const route = `GET /admin/nodes/:id/${word}`
  return leaf({
    name: `nodes ${word}`,
    does,
    inputs: { node },
    calls: [route],
    run: (session, given) => session.show({ route, parts: [given.node] }),
  })
}

const deploymentChange = (word: 'disable' | 'enable' | 'clear-verdict', does: string): Leaf => {
  const route = `POST /admin/deployments/${word}`
  return leaf({
    name: `deployments ${word}`,
    does,
    inputs: { node, profile },
    calls: [route],
    run: (session, given) =>
      session.show({ route, body: { node_id: given.node, profile_id: given.profile } }),
  })
}

export const fleetLeaves: readonly Leaf[] = [
  leaf({
    name: 'nodes list',
    does: 'machines of the fleet',
    inputs: { status: oneOf('--status <status>', 'only those', statuses), limit },
    calls: ['GET /admin/nodes'],
    run: (session, { status, limit: rows }) =>
      session.list({
        route: 'GET /admin/nodes',
        query: { status },
        columns: nodeColumns,
        limit: rows,
      }),
  }),
  leaf({
    name: 'nodes show',
    does: 'one machine, and what keeps each of its profiles from serving',
    inputs: { node },
    calls: ['GET /admin/nodes/:id'],
    run: (session, given) => session.show({ route: 'GET /admin/nodes/:id', parts: [given.node] }),
  }),
  nodeChange('approve', 'let a machine serve'),
  nodeChange('suspend', 'give a machine no more work, until it is approved again', 'pause'),
  nodeChange('retire', 'end a machine for good'),
  nodeReport('earnings', 'what a machine has earned'),
  nodeReport('reputation', "what moved a machine's reputation"),
  leaf({
    name: 'join-code create',
    does: "make a one-time code that turns an owner's host into a node",
    inputs: {
      owner_id: required('--owner <id>', 'who owns the host and earns'),
      region: option('--region <name>', 'where it stands, such as eu-west-1'),
    },
    calls: ['POST /admin/join-codes'],
    run: (session, body) => session.show({ route: 'POST /admin/join-codes', body }),
  }),
  leaf({
    name: 'deployments list',
    does: 'every profile on every node, with what keeps it from serving',
    inputs: { limit },
    calls: ['GET /admin/deployments'],
    run: (session, given) =>
      session.list({ route: 'GET /admin/deployments', columns: deploymentColumns, ...given }),
  }),
  deploymentChange('disable', 'take a profile on a node out of rotation'),
  deploymentChange('enable', 'put it back, and close its breaker'),
  deploymentChange('clear-verdict', 'lift the verdict of spot checks'),
  leaf({
    name: 'payouts list',
    does: 'what left for a node, newest period first',
    inputs: { node, limit },
    calls: ['GET /admin/payouts'],
    run: (session, given) =>
      session.list({
        route: 'GET /admin/payouts',
        query: { node_id: given.node },
        columns: columns('period', 'state', 'amount_usd:usd=amount', 'transfer_id=transfer'),
        limit: given.limit,
      }),
  }),
  leaf({
    name: 'payouts confirm',
    does: 'write down what the payment provider said of a transfer',
    inputs: {
      node,
      period: argument('<period>', 'as in payouts list'),
      transfer_id: required('--transfer-id <id>', "the provider's own"),
      state: oneOf('--state <state>', 'paid unless it came back', ['paid', 'returned']),
    },
    calls: ['POST /admin/payouts/:id/:period/confirm'],
    run: (session, { node: id, period, transfer_id, state = 'paid' }) =>
      session.show({
        route: 'POST /admin/payouts/:id/:period/confirm',
        parts: [id, period],
        body: { transfer_id, state },
      }),
  }),
]
