/**
 * How fast the objectives are being missed. A burn rate of 1 spends the budget of 28 days in 28 days; alarms
 * look at two windows at once, so that what is over wakes nobody and what goes on does soon.
 */
import { Duration } from 'aws-cdk-lib'
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch'
import { metrics, objectives } from '../../src/names.ts'
import { ownSum } from './own-metrics.ts'

/** Part of the counted requests that may miss the objective. */
export const budgets = {
  availability: budgetOf(objectives.availability),
  firstContent: budgetOf(objectives.firstContent.part),
} as const

/**
 * A window with fewer requests counts as one with this many: a failed request at night is no outage, and
 * several in a row still are.
 */
const floor = { long: 100, short: 20 } as const

/**
 * What wakes somebody. The long window says that it matters, the short one that it goes on. Nobody is woken
 * within the hour for answers that come late, hence the pair of each.
 */
export const burnPairs = [
  { name: 'Fast', burn: 14.4, longMinutes: 60, shortMinutes: 5, counts: ['availability'] },
  {
    name: 'Slow',
    burn: 6,
    longMinutes: 360,
    shortMinutes: 30,
    counts: ['availability', 'firstContent'],
  },
] as const satisfies readonly BurnPair[]

export type ObjectiveName = keyof typeof budgets

export type BurnPair = {
  readonly name: string
  readonly burn: number
  readonly longMinutes: number
  readonly shortMinutes: number
  readonly counts: readonly ObjectiveName[]
}

type BurnWindow = {
  readonly minutes: number
  readonly floor: number
  readonly counts: readonly ObjectiveName[]
}

/** The two windows of a pair, longest first. */
export function windowsOf({ longMinutes, shortMinutes, counts }: BurnPair) {
  return [
    { name: 'Long', minutes: longMinutes, floor: floor.long, counts },
    { name: 'Short', minutes: shortMinutes, floor: floor.short, counts },
  ] as const
}

/** The higher burn rate of the objectives that the window counts; a plain number, 0 without traffic. */
export function burnOf(stage: string, window: BurnWindow): MathExpression {
  const rates = window.counts.map((name) => rateOf(name, window.floor))
  const usingMetrics = Object.fromEntries(
    [...new Set(window.counts.flatMap((name) => [...operands[name]]))].map((id) => [
      id,
      ownSum(stage, metricOf[id]),
    ]),
  )
  return new MathExpression({
    label: `burn over ${window.minutes} min`,
    period: Duration.minutes(window.minutes),
    expression: rates.reduce((one, other) => `IF(${one} > ${other}, ${one}, ${other})`),
    usingMetrics,
  })
}

const metricOf = {
  answered: metrics.requestsAnswered,
  failed: metrics.requestsFailed,
  slow: metrics.requestsSlow,
} as const

const operands = {
  availability: ['failed', 'answered'],
  firstContent: ['slow', 'answered'],
} as const satisfies Readonly<Record<ObjectiveName, readonly (keyof typeof metricOf)[]>>

const counted = {
  availability: { missed: filled('failed'), all: `(${filled('failed')} + ${filled('answered')})` },
  firstContent: { missed: filled('slow'), all: filled('answered') },
} as const satisfies Readonly<Record<ObjectiveName, { missed: string; all: string }>>

function rateOf(name: ObjectiveName, least: number): string {
  const { missed, all } = counted[name]
  return `(${missed} / IF(${all} > ${least}, ${all}, ${least}) / ${budgets[name]})`
}

/** Nothing is published where nothing happened, which is 0 and not unknown. */
function filled(id: keyof typeof metricOf): string {
  return `FILL(${id}, 0)`
}

/** Without the dust of binary fractions: 0.005 and not 0.0050000000000000044. */
function budgetOf(part: number): number {
  return Number((1 - part).toFixed(6))
}
