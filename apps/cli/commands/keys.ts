/** Customers' keys with their policies and limits. */
import type * as z from 'zod'
import type { Fields } from '../api.ts'
import { argument, count, flag, many, option, required, usd } from '../inputs.ts'
import { type Leaf, leaf } from '../leaf.ts'
import { makeKey, writeKeyFile } from '../new-key.ts'
import { columns } from '../table.ts'

const key = argument('<key>', 'id of the key, key_…')
const limit = count('--limit <n>', 'no more rows than this')

const policyInputs = {
  models: many('--allow-model <pattern>', 'models that it may call; * stands for any text'),
  notModels: many('--deny-model <pattern>', 'models that it may not call'),
  route_tiers: many('--route-tier <tier>', 'tiers that it may use'),
  trust_tiers: many('--trust-tier <tier>', 'T0 to T3'),
  maxPrompt: usd('--max-prompt-price <usd>', 'per million prompt tokens'),
  maxCompletion: usd('--max-completion-price <usd>', 'per million completion tokens'),
  maxUnit: usd('--max-unit-price <usd>', 'per image or second of audio'),
  smokeUsd: usd('--smoke-usd-per-day <usd>', 'of a smoke key: the most for one customer and day'),
  expires_at: option('--expires <time>', 'such as 2027-01-01T00:00:00Z'),
  perDay: usd('--spend-per-day <usd>', 'cap in USD'),
  perMonth: usd('--spend-per-month <usd>', 'cap in USD'),
  rpm: count('--rpm <n>', 'requests a minute'),
  tpm: count('--tpm <n>', 'tokens a minute'),
  concurrency: count('--concurrency <n>', 'requests at the same time'),
}

type PolicyGiven = z.output<z.ZodObject<typeof policyInputs>>

/** What was not given is left out: then a new key has the default, and an old one keeps what it has. */
function rulesOf(given: PolicyGiven): Fields {
  const maxPrice = present({
    prompt_usd_per_mtok: given.maxPrompt,
    completion_usd_per_mtok: given.maxCompletion,
    unit_usd: given.maxUnit,
  })
  const policy = present({
    models_allowed: given.models,
    models_denied: given.notModels,
    route_tiers: given.route_tiers,
    trust_tiers: given.trust_tiers,
    max_price: maxPrice,
    smoke_usd_per_day: given.smokeUsd,
  })
  const limits = present({
    spend_usd_per_day: given.perDay,
    spend_usd_per_month: given.perMonth,
    requests_per_minute: given.rpm,
    tokens_per_minute: given.tpm,
    concurrency: given.concurrency,
  })
  return present({ policy, limits, expires_at: given.expires_at }) ?? {}
}

/** Without what is undefined; undefined where nothing is left. */
function present(fields: Fields): Fields | undefined {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

const keyColumns = columns(
  'id',
  'name',
  'status',
  'scopes',
  'limits.spend_usd_per_day:usd=per day',
  'limits.spend_usd_per_month:usd=per month',
  'limits.requests_per_minute:count=rpm',
  'limits.tokens_per_minute:count=tpm',
  'limits.concurrency:count=at once',
  'expires_at:ago=expires',
  'created_at:ago=created',
)

export const keyLeaves: readonly Leaf[] = [
  leaf({
    name: 'keys create',
    does: 'make a key for a customer',
    inputs: {
      account: argument('<account>', 'whose key it is'),
      name: required('--name <text>', 'what people call the key'),
      scopes: many('--scope <scope>', 'inference (by default), billing:read, smoke'),
      ...policyInputs,
      exposes: flag('--expose-node-id', 'name the node in headers and receipts'),
      writeKeyFile,
    },
    calls: ['POST /admin/keys'],
    run: (session, { account, name, scopes, exposes, writeKeyFile: file, ...rules }) => {
      const { policy = {}, ...others } = rulesOf(rules)
      const body = {
        account_id: account,
        name,
        scopes,
        ...others,
        policy: { ...Object(policy), ...(exposes ? { exposes_node_id: true } : {}) },
      }
      return makeKey(session, file, { route: 'POST /admin/keys', body })
    },
  }),
  leaf({
    name: 'keys list',
    does: 'the keys of an account',
    inputs: { account: argument('<account>', 'whose keys'), limit },
    calls: ['GET /admin/keys'],
    run: (session, { account, limit: rows }) =>
      session.list({
        route: 'GET /admin/keys',
        query: { account_id: account },
        columns: keyColumns,
        limit: rows,
      }),
  }),
  leaf({
    name: 'keys show',
    does: 'one key with its policy and limits',
    inputs: { key },
    calls: ['GET /admin/keys/:id'],
    run: (session, given) => session.show({ route: 'GET /admin/keys/:id', parts: [given.key] }),
  }),
  leaf({
    name: 'keys update',
    does: 'change what a key may do; what is not named stays as it is',
    more: [
      'To lift a rule name it with --lift, such as --lift tokens_per_minute.',
      'Spend is counted while a key has any limit: what it spent before its first one is not known.',
    ].join('\n'),
    inputs: {
      key,
      name: option('--name <text>', 'what people call the key'),
      ...policyInputs,
      lifted: many('--lift <rule>', 'lift a limit or a rule of the policy, by its name in --json'),
    },
    calls: ['PATCH /admin/keys/:id'],
    run: (session, { key: id, name, lifted = [], ...rules }) => {
      const { policy, limits, ...others } = rulesOf(rules)
      const body = { name, ...others, ...withLifted(lifted, { policy, limits }) }
      return session.show({ route: 'PATCH /admin/keys/:id', parts: [id], body })
    },
  }),
  leaf({
    name: 'keys rotate',
    does: 'give a key a new secret',
    inputs: {
      key,
      grace: count('--grace <seconds>', 'how long the old secret stays valid', {
        min: 0,
        max: 604_800,
      }),
      writeKeyFile,
    },
    calls: ['POST /admin/keys/:id/rotate'],
    run: (session, { key: id, grace, writeKeyFile: file }) =>
      makeKey(session, file, {
        route: 'POST /admin/keys/:id/rotate',
        parts: [id],
        body: grace === undefined ? {} : { grace_seconds: grace },
      }),
  }),
  leaf({
    name: 'keys revoke',
    does: 'stop paid use of a key at once, for good',
    inputs: { key },
    calls: ['DELETE /admin/keys/:id'],
    run: (session, given) => session.show({ route: 'DELETE /admin/keys/:id', parts: [given.key] }),
  }),
]

const limitNames = [
  'spend_usd_per_day',
  'spend_usd_per_month',
  'requests_per_minute',
  'tokens_per_minute',
  'concurrency',
]

/** The API takes a rule away where it is null. */
function withLifted(
  lifted: readonly string[],
  { policy, limits }: { readonly policy?: unknown; readonly limits?: unknown },
): Fields {
  const nulls = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, null]))
  const own = { ...Object(limits), ...nulls(lifted.filter((one) => limitNames.includes(one))) }
  const others = lifted.filter((one) => !limitNames.includes(one) && one !== 'expires_at')
  const rules = { ...Object(policy), ...nulls(others) }
  return (
    present({
      limits: present(own),
      policy: present(rules),
      ...(lifted.includes('expires_at') ? { expires_at: null } : {}),
    }) ?? {}
  )
}
