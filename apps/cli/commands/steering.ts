/** What operators do when something is wrong, and how they look into it. */
import { argument, count, option, required } from '../inputs.ts'
import { type Leaf, leaf } from '../leaf.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import { columns } from '../table.ts'

const limit = count('--limit <n>', 'no more rows than this')
const incident = argument('<incident>', 'its id, inc_…')

const scopeKinds = [
  'everything',
  'model',
  'node',
  'owner',
  'route_class',
  'customer',
  'payout',
] as const

const lifeUnits: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 60 * 60_000,
  d: 24 * 60 * 60_000,
}

/** `90m`, `4h`, `2d`, or a time as it is; the API says what is too far. */
export function endOf(text: string, nowMs: number): Outcome<string> {
  const [, amount, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  const unitMs = lifeUnits[unit]
  if (amount !== undefined && unitMs !== undefined) {
    return ok(new Date(nowMs + Number(amount) * unitMs).toISOString())
  }
  return Number.isNaN(Date.parse(text))
    ? refuse('--for must be such as 90m, 4h or 2d, or a time such as 2026-12-01T00:00:00Z.')
    : ok(text)
}

export const steeringLeaves: readonly Leaf[] = [
  leaf({
    name: 'incidents open',
    does: 'pause part of the market, or all of it, until an end that must be given',
    more: 'Example: b3iq incidents open node n_… --for 4h --reason "answers are cut off"',
    inputs: {
      kind: argument('<scope>', scopeKinds.join(', ')),
      id: option('--id <id>', 'of the model, node, owner, route tier or account'),
      until: required('--for <time>', 'how long, such as 90m, 4h or 2d; or until when'),
      reason: required('--reason <text>', 'for those who read of it later'),
    },
    calls: ['POST /admin/incidents'],
    run: async (session, { kind, id, until, reason }) => {
      const end = endOf(until, session.world.nowMs())
      if (!end.ok) return end
      const scope = id === undefined ? { kind } : { kind, id }
      const body = { scope, reason, expires_at: end.value }
      return session.show({ route: 'POST /admin/incidents', body })
    },
  }),
  leaf({
    name: 'incidents list',
    does: 'pauses, newest first',
    inputs: { limit },
    calls: ['GET /admin/incidents'],
    run: (session, given) =>
      session.list({
        route: 'GET /admin/incidents',
        columns: columns(
          'id',
          'scope.kind=scope',
          'scope.id=of',
          'state',
          'expires_at:ago=ends',
          'opened_at:ago=opened',
          'opened_by=by',
          'reason',
        ),
        ...given,
      }),
  }),
  leaf({
    name: 'incidents show',
    does: 'one pause',
    inputs: { incident },
    calls: ['GET /admin/incidents/:id'],
    run: (session, given) =>
      session.show({ route: 'GET /admin/incidents/:id', parts: [given.incident] }),
  }),
  leaf({
    name: 'incidents resolve',
    does: 'end a pause before its time',
    inputs: { incident },
    calls: ['POST /admin/incidents/:id/resolve'],
    run: (session, given) =>
      session.show({ route: 'POST /admin/incidents/:id/resolve', parts: [given.incident] }),
  }),
]
