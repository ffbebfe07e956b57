/** `b3iq explain`: why a request is, or is not, served: what the control plane finds in a dry run. */
import * as z from 'zod'
import type { Fields } from '../api.ts'
import { argument, count, option, required } from '../inputs.ts'
import { readJson } from '../json-file.ts'
import { leaf } from '../leaf.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import { allPages, type Listed } from '../pages.ts'
import { printable } from '../printable.ts'
import type { Session } from '../session.ts'
import { columns, toTable } from '../table.ts'

const route = 'POST /admin/route-explain'

export const explainLeaf = leaf({
  name: 'explain',
  does: 'why a request is, or is not, served: every candidate with what removed it',
  more: 'Nothing is dispatched and no money moves.',
  inputs: {
    key_id: required('--key-id <key>', 'whose request it is, key_…'),
    file: argument('<file>', 'the body of the request, or - for what is piped in'),
    endpoint: option('--endpoint <path>', 'by default /v1/chat/completions'),
    limit: count('--limit <n>', 'no more candidates than this'),
  },
  calls: [route],
  run: async (session, { key_id, file, endpoint, limit }) => {
    const body = await readJson(file, session.world)
    if (!body.ok) return body
    const explained = await explain(session, { key_id, endpoint, body: body.value }, limit)
    if (!explained.ok) return explained
    const { verdict, hosts } = explained.value
    const lines = [...verdictLines(verdict), '', ...hostLines(hosts, session.world.nowMs())]
    return ok({ json: { ...verdict, hosts }, text: lines.join('\n') })
  },
})

const Refusal = z.looseObject({ code: z.string(), message: z.string() })

const Verdict = z.looseObject({
  would_be_dispatched: z.boolean(),
  refusals: z.array(Refusal),
  plan: z.looseObject({ hold_usd: z.string() }).nullable(),
  hosts: z.record(z.string(), z.unknown()),
})
type Verdict = z.infer<typeof Verdict>

type Explained = { readonly verdict: Verdict; readonly hosts: Listed }

/** The verdict is the same on every page of the hosts. */
async function explain(
  session: Session,
  question: object,
  limit: number | undefined,
): Promise<Outcome<Explained>> {
  let verdict: Verdict | undefined
  const hosts = await allPages({
    limit,
    progress: session.progress,
    readPage: async (page) => {
      const reply = await session.ask({ route, body: { ...question, ...page } })
      if (!reply.ok) return reply
      const read = Verdict.safeParse(reply.value)
      if (!read.success) return refuse('The reply explains nothing: check --admin.')
      verdict ??= read.data
      return ok(read.data.hosts)
    },
  })
  if (!hosts.ok) return hosts
  return verdict ? ok({ verdict, hosts: hosts.value }) : refuse('There was no explanation.')
}

function verdictLines({ would_be_dispatched, refusals, plan }: Verdict): readonly string[] {
  const held = plan ? ` It would hold ${printable(plan.hold_usd)} USD.` : ''
  if (would_be_dispatched) return [`The request would be served.${held}`]
  const reasons = refusals.map(({ code, message }) => `  ${printable(`${code}: ${message}`)}`)
  return [`The request would be refused.${held}`, ...reasons]
}

const hostColumns = columns(
  'node_id=node',
  'alias',
  'profile_id=profile',
  'route_tier=tier',
  'trust_tier=trust',
  'price.prompt_usd_per_mtok:usd=prompt',
  'price.completion_usd_per_mtok:usd=completion',
  'chance=first',
  'why=removed by',
)

function hostLines({ data }: Listed, nowMs: number): readonly string[] {
  const rows = data.map((host) => ({ ...host, why: removedBy(host), chance: chanceOf(host) }))
  return rows.length === 0 ? ['No node has this model.'] : toTable(rows, hostColumns, nowMs)
}

const Host = z.looseObject({
  blockers: z.array(z.looseObject({ code: z.string() })).default([]),
  removed_by: z.array(z.string()).default([]),
  incident_id: z.string().nullish(),
  in_view: z.boolean().default(true),
  chance_first: z.number().default(0),
})

/** Gates first, then policy, then pauses; at last that this draw did not have it before its eyes. */
function removedBy(host: Fields): readonly string[] {
  const { blockers, removed_by, incident_id, in_view } = Host.parse(host)
  const reasons = [...blockers.map(({ code }) => code), ...removed_by]
  if (incident_id) reasons.push(`incident ${incident_id}`)
  if (reasons.length > 0) return [...new Set(reasons)]
  return in_view ? [] : ['not in the part of the pool that was looked at']
}

const chanceOf = (host: Fields): string => {
  const { chance_first } = Host.parse(host)
  return chance_first === 0 ? '-' : `${Math.round(chance_first * 100)} %`
}
