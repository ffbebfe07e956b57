/** What is sold and who may be asked for it: catalogue, references, jobs, rollouts, incidents. */

import * as z from 'zod'
import { argument, count, option, required } from '../inputs.ts'
import { readJson } from '../json-file.ts'
import { type Leaf, leaf } from '../leaf.ts'
import { refuse } from '../outcome.ts'
import { parseDocument } from '../parse-document.ts'
import type { Session } from '../session.ts'
import { columns } from '../table.ts'

const limit = count('--limit <n>', 'no more rows than this')
const file = argument('<file>', 'of JSON, or - for what is piped in')
const node = argument('<node>', 'id of the node, n_…')

const jobColumns = columns(
  'id',
  'type',
  'state',
  'reason',
  'percent:count=%',
  'reference',
  'actor',
  'created_at:ago=ordered',
  'ended_at:ago=ended',
)

const rolloutColumns = columns(
  'id',
  'type',
  'state',
  'nodes:count',
  'waiting:count',
  'open:count',
  'succeeded:count',
  'failed:count',
  'skipped:count',
  'reference',
  'created_at:ago=ordered',
)

const AnyArgs = z.record(z.string(), z.unknown())

async function send(session: Session, route: string, path: string, parts: readonly string[] = []) {
  const body = await readJson(path, session.world)
  return body.ok ? session.show({ route, parts, body: body.value }) : body
}

export const marketLeaves: readonly Leaf[] = [
  leaf({
    name: 'catalogue list',
    does: 'what may be sold, at which prices, from which builds',
    inputs: {},
    calls: ['GET /admin/models'],
    run: (session) =>
      session.list({
        route: 'GET /admin/models',
        columns: columns('id', 'name', 'modality', 'context_length:count=context', 'version:count'),
      }),
  }),
  leaf({
    name: 'catalogue show',
    does: 'one model with its prices and approved builds',
    inputs: { model: argument('<model>', 'id of the model') },
    calls: ['GET /admin/models'],
    run: async (session, { model }) => {
      const listed = await session.pages({ route: 'GET /admin/models' })
      if (!listed.ok) return listed
      const found = listed.value.data.find(({ id }) => id === model)
      return found
        ? { ok: true, value: session.record(found) }
        : refuse(`The catalogue has no model "${model}": b3iq catalogue list shows all.`)
    },
  }),
  leaf({
    name: 'catalogue put',
    does: 'sell a model, or change how it is sold',
    inputs: { file },
    calls: ['PUT /admin/models'],
    run: (session, given) => send(session, 'PUT /admin/models', given.file),
  }),
  leaf({
    name: 'references list',
    does: 'what trusted runners showed, for spot checks',
    inputs: {},
    calls: ['GET /admin/references'],
    run: (session) =>
      session.list({
        route: 'GET /admin/references',
        columns: columns('profile_id', 'runtime_kind', 'runtime_version', 'prompts:count'),
      }),
  }),
  leaf({
    name: 'references put',
    does: 'hand in what a trusted runner showed',
    inputs: { file },
    calls: ['PUT /admin/references'],
    run: (session, given) => send(session, 'PUT /admin/references', given.file),
  }),
  leaf({
    name: 'platform-account set',
    does: 'whose money pays for benchmarks and spot checks',
    inputs: { account: argument('<account>', 'an account of your own') },
    calls: ['PUT /admin/platform-account'],
    run: (session, given) =>
      session.show({ route: 'PUT /admin/platform-account', body: { account_id: given.account } }),
  }),
  leaf({
    name: 'jobs order',
    does: 'tell a node to do one of the things that nodes can be told',
    more: 'Example: b3iq jobs order n_… model.pull --args \'{"profile_id":"maker/model@q8"}\' --reference pull-7',
    inputs: {
      node,
      type: argument('<type>', 'such as health.check, model.pull, drain, resume'),
      args: option('--args <json>', 'what the type needs'),
      reference: required('--reference <text>', 'your own id of it: sent again, it is one job'),
      expires_in_s: count('--expires-in <seconds>', 'not begun later than this'),
      timeout_s: count('--timeout <seconds>', 'for its run'),
      approval: option('--approval <text>', 'who approved it'),
    },
    calls: ['POST /admin/nodes/:id/jobs'],
    run: async (session, { node: id, args = '{}', ...terms }) => {
      const parsed = parseDocument(args, AnyArgs, { source: '--args', kind: 'a JSON object' })
      if (!parsed.ok) return parsed
      const body = { ...terms, args: parsed.value }
      return session.show({ route: 'POST /admin/nodes/:id/jobs', parts: [id], body })
    },
  }),
  leaf({
    name: 'jobs list',
    does: 'jobs of a node, newest first',
    inputs: { node, limit },
    calls: ['GET /admin/nodes/:id/jobs'],
    run: (session, given) =>
      session.list({
        route: 'GET /admin/nodes/:id/jobs',
        parts: [given.node],
        columns: jobColumns,
        limit: given.limit,
      }),
  }),
  leaf({
    name: 'jobs show',
    does: 'one job with its evidence',
    inputs: { job: argument('<job>', 'id of the job, job_…') },
    calls: ['GET /admin/jobs/:id'],
    run: (session, given) => session.show({ route: 'GET /admin/jobs/:id', parts: [given.job] }),
  }),
  leaf({
    name: 'jobs cancel',
    does: 'call a job off',
    inputs: { job: argument('<job>', 'id of the job, job_…') },
    calls: ['POST /admin/jobs/:id/cancel'],
    run: (session, given) =>
      session.show({ route: 'POST /admin/jobs/:id/cancel', parts: [given.job] }),
  }),
  leaf({
    name: 'rollouts create',
    does: 'one order for many nodes: {"job":{…},"node_ids":[…],"per_minute":10}',
    inputs: { file },
    calls: ['POST /admin/rollouts'],
    run: (session, given) => send(session, 'POST /admin/rollouts', given.file),
  }),
  leaf({
    name: 'rollouts list',
    does: 'rollouts, newest first',
    inputs: { limit },
    calls: ['GET /admin/rollouts'],
    run: (session, given) =>
      session.list({ route: 'GET /admin/rollouts', columns: rolloutColumns, ...given }),
  }),
  leaf({
    name: 'rollouts show',
    does: 'how far one is',
    inputs: { rollout: argument('<rollout>', 'id of the rollout') },
    calls: ['GET /admin/rollouts/:id'],
    run: (session, given) =>
      session.show({ route: 'GET /admin/rollouts/:id', parts: [given.rollout] }),
  }),
]
