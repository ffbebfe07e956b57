/**
 * Saved queries name events and fields by hand; here they are compared with the calls that log them, read
 * from the syntax tree, and with what those calls spread into a line.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseAst } from 'vitest/node'
import * as z from 'zod'
import { logEvents } from '../../src/http/log-events.ts'
import { faultOf } from '../../src/http/surface.ts'
import type { DiscrepancyOf } from '../../src/ledger/reconcile/ports.ts'
import type { SweepReport } from '../../src/ledger/sweep.ts'
import type { RequestCount } from '../../src/metering/request-count.ts'
import { metrics } from '../../src/names.ts'
import { resourcesOf, stageConfig, synthesize } from './synthesize.ts'

const root = new URL('../../', import.meta.url)

/** What stands in a line beside an event's own fields, written by the logger. */
const ofTheLogger = ['event', 'service']
/** Lambda's own lines, which no code of ours writes. */
const ofLambda = ['type', 'record.status', 'errorType']

const discrepancy = {
  accountId: 'acct_1',
  nodeId: 'n_1',
  recordId: null,
  invariant: 'S1',
  detail: '',
} satisfies DiscrepancyOf & { nodeId: string; accountId: string }
const sweepReport: Required<SweepReport> = {
  buckets: 0,
  wallets: 0,
  released: 0,
  failed: 0,
  behindMs: 0,
  stopped: 'done',
}
const requestCount: Pick<RequestCount, 'requestId' | 'code'> = { requestId: '', code: undefined }

/** Names in the calls that stand for several fields. */
const spread = new Map<string, readonly string[]>([
  ['faultOf', Object.keys(faultOf(new Error('any')))],
  ['report', Object.keys(sweepReport)],
  ['discrepancy', Object.keys(discrepancy)],
])

const Identifier = z.object({ type: z.literal('Identifier'), name: z.string() })
const Call = z.object({
  type: z.literal('CallExpression'),
  callee: z.union([Identifier, z.object({ property: Identifier }).transform((m) => m.property)]),
  arguments: z.array(z.unknown()),
})
const Text = z.object({ type: z.literal('Literal'), value: z.string() })
const Fields = z.object({
  type: z.literal('ObjectExpression'),
  properties: z.array(
    z.union([
      z.object({ type: z.literal('Property'), key: Identifier }).transform(({ key }) => [key.name]),
      z
        .object({ type: z.literal('SpreadElement'), argument: z.unknown() })
        .transform(({ argument }) => fieldsOf(argument)),
    ]),
  ),
})

function fieldsOf(argument: unknown): string[] {
  const object = Fields.safeParse(argument)
  if (object.success) return object.data.properties.flat()
  const call = Call.safeParse(argument)
  const named = call.success ? call.data.callee : Identifier.safeParse(argument).data
  return [...(spread.get(named?.name ?? '') ?? [])]
}

function* nodesIn(value: unknown): Generator<object> {
  if (typeof value !== 'object' || value === null) return
  yield value
  for (const inner of Object.values(value)) yield* nodesIn(inner)
}

/** Fields by event, of every call that logs one under src and functions. */
const logged = new Map<string, Set<string>>()
/** Of them, those that count for the alarm on steps that failed. */
const countedSteps = new Set<string>()
for (const folder of ['src', 'functions']) {
  const paths = readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
  for (const path of paths.filter((name) => name.endsWith('.ts'))) {
    const text = readFileSync(new URL(`${folder}/${path}`, root), 'utf8')
    if (!/\blog(Failure)?\(/.test(text)) continue
    for (const node of nodesIn(parseAst(text, { lang: 'ts' }))) {
      const call = Call.safeParse(node)
      if (!call.success || !/^log(Failure)?$/.test(call.data.callee.name)) continue
      const [event, fields] = call.data.arguments
      const name = Text.safeParse(event).data?.value
      if (name === undefined) continue
      if (call.data.callee.name === 'logFailure') countedSteps.add(name)
      const known = logged.get(name) ?? new Set()
      for (const field of fieldsOf(fields)) known.add(field)
      logged.set(name, known)
    }
  }
}

const QueryProperties = z.object({
  Name: z.string(),
  QueryString: z.string(),
  LogGroupNames: z.array(z.json()),
})
const templates = synthesize(stageConfig('dev'))
const queries = resourcesOf(templates, 'AWS::Logs::QueryDefinition').map(({ body }) =>
  QueryProperties.parse(body.Properties),
)
const keywords =
  /^(fields|filter|stats|sort|limit|count|max|by|as|asc|desc|in|or|and|ispresent|requests|latest|\d+)$/

describe.each(queries)('$Name', ({ QueryString, LogGroupNames }) => {
  const events = [...QueryString.matchAll(/"([a-z]+(?:_[a-z]+)+)"/g)].flatMap(
    ([, name]) => name ?? [],
  )
  const words = QueryString.replaceAll(/"[^"]*"/g, '').match(/@?[A-Za-z][\w.]*/g) ?? []
  const fields = words.filter((word) => !keywords.test(word) && !word.startsWith('@'))

  test('asks for events that are logged', () => {
    for (const event of events) {
      expect(Object.keys(logEvents)).toContain(event)
      expect([...logged.keys()]).toContain(event)
    }
  })

  test('asks for fields that these events have, or every request, or Lambda', () => {
    const those = events.flatMap((event) => [...(logged.get(event) ?? [])])
    const ofRequests = [...Object.keys(requestCount), ...Object.values(metrics)]
    const own = events.length === 0 ? ofRequests : those
    const known = new Set<string>([...ofTheLogger, ...ofLambda, ...own])
    expect(fields.filter((field) => !known.has(field))).toEqual([])
  })

  test('looks into log groups of the stage, of which a query takes fifty', () => {
    expect(LogGroupNames.length).toBeGreaterThan(0)
    expect(LogGroupNames.length).toBeLessThanOrEqual(50)
  })
})

test('events in the runbook of steps that failed are those that its alarm counts', () => {
  const page = readFileSync(new URL('docs/runbooks/failed-runs.md', root), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+_\w+)`/g)])
  expect(new Set(named.map(([, event]) => event))).toEqual(countedSteps)
})

test('runbooks name queries that are saved, and every query is named by one', () => {
  const folder = new URL('docs/runbooks/', root)
  const pages = [
    ...readdirSync(folder).map((name) => new URL(name, folder)),
    new URL('docs/observability.md', root),
  ]
  const text = pages.map((page) => readFileSync(page, 'utf8')).join('\n')
  for (const { Name } of queries) expect(text).toContain(`\`${Name.replace(/^b3iq\/dev\//, '')}\``)
})
