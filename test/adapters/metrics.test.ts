/** What CloudWatch reads off the log, from a process of its own: the lines go past any console. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { metrics } from '../../src/names.ts'

const Line = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.tuple([
      z.strictObject({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string(), Unit: z.string() })),
      }),
    ]),
  }),
})

const answered = `{
  requestId: 'REQ', code: undefined,
  ending: 'answered', isSlow: true, firstContentMs: 5600, attemptsFailed: 2,
  charge: 1234500n, isDecisionUnknown: false,
}`
const refused = `{
  requestId: 'REQ', code: 'model_not_found',
  ending: 'refused', isSlow: false, firstContentMs: undefined, attemptsFailed: 0,
  charge: undefined, isDecisionUnknown: false,
}`

function linesOf(env: Readonly<Record<string, string>>) {
  const adapter = new URL('../../src/adapters/metrics.ts', import.meta.url).href
  const script = `const made = await import(${JSON.stringify(adapter)})
    const countRequest = made.makeRequestMetrics('dev')
    countRequest(${answered})
    countRequest({ ...${refused}, attemptsFailed: 'two' })
    countRequest(${refused})
    const audit = made.makeReconcileMetrics('dev')
    audit.publish({ discrepancies: 2, accounts: 7 })
    audit.publish({ discrepancies: 0, accounts: 9 })
    made.makePoolMetrics('dev').publishAge(17.5)
    made.makeFleetMetrics('dev').publish({ nodesFresh: 5, eligible: 4 })
    made.makeSweepMetrics('dev')({ released: 3, behindMs: 61500 })
    made.makeSweepMetrics('dev')({ released: 0 })
    made.makeFailedStepCount('dev')()`
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { env })
  expect(run.stderr.toString()).toBe('')
  return run.stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Line.parse(JSON.parse(line)))
}

const lines = linesOf({})

test('every event is one line, and what was counted stands beside the stage', () => {
  expect(lines.map(({ _aws, ...counts }) => counts)).toEqual([
    {
      requestId: 'REQ',
      stage: 'dev',
      RequestsAnswered: 1,
      RequestsFailed: 0,
      RequestsRefused: 0,
      RequestsSlow: 1,
      AttemptsFailed: 2,
      DecisionsUnknown: 0,
      FirstContentMilliseconds: 5600,
      ChargedMicroUsd: 1234.5,
    },
    {
      requestId: 'REQ',
      code: 'model_not_found',
      stage: 'dev',
      RequestsAnswered: 0,
      RequestsFailed: 0,
      RequestsRefused: 1,
      RequestsSlow: 0,
      AttemptsFailed: 0,
      DecisionsUnknown: 0,
    },
    { stage: 'dev', LedgerDiscrepancies: 2, AccountsReconciled: 7 },
    { stage: 'dev', LedgerDiscrepancies: 0, AccountsReconciled: 9 },
    { stage: 'dev', PoolAgeSeconds: 17.5 },
    { stage: 'dev', NodesFresh: 5, ProfilesEligible: 4 },
    { stage: 'dev', HoldsExpired: 3, SweepBehindSeconds: 61.5 },
    { stage: 'dev', HoldsExpired: 0 },
    { stage: 'dev', ScheduleStepsFailed: 1 },
  ])
})

test('a line that cannot be written fails nobody, and leaves nothing in the next one', () => {
  const ofRequests = lines.filter(({ requestId }) => requestId !== undefined)
  expect(ofRequests.map(({ RequestsAnswered }) => RequestsAnswered)).toEqual([1, 0])
})

test('the stage is the only dimension, as alarms name it', () => {
  for (const { _aws } of lines) {
    const [{ Namespace, Dimensions }] = _aws.CloudWatchMetrics
    expect({ Namespace, Dimensions }).toEqual({ Namespace: 'B3IQ', Dimensions: [['stage']] })
  }
})

test('all metrics are published, in their units, and no others', () => {
  const published = lines.flatMap(({ _aws }) => _aws.CloudWatchMetrics[0].Metrics)
  const units = new Map(published.map(({ Name, Unit }) => [Name, Unit]))
  const { namespace: _, stageDimension: __, ...named } = metrics
  expect([...units.keys()].sort()).toEqual(Object.values(named).sort())
  for (const [name, unit] of units) {
    const [ofName = 'Count'] = name.match(/Seconds|Milliseconds/) ?? []
    expect(unit).toBe(ofName)
  }
})

test('there is none where the switch of the laptop is set', () => {
  expect(linesOf({ B3IQ_METRICS_DISABLED: 'true' })).toEqual([])
})
