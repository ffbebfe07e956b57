/** Plays the histories of a batch of seeds and adds up what they did; shrinks one that failed. */

import { shrink } from '../engine/shrink.ts'
import type { Counts } from '../engine/sometimes.ts'
import { Violation } from '../engine/violation.ts'
import { playHistory } from '../history.ts'
import { planOf } from '../plan.ts'

export type Batch =
  | { readonly kind: 'play'; readonly from: number; readonly count: number }
  /** One history with its log; shrunk first, if it fails and `shrinks`. */
  | { readonly kind: 'replay'; readonly seed: number; readonly shrinks: boolean }

export type Failure = {
  readonly seed: number
  readonly invariant: string
  readonly message: string
}

export type Played = {
  readonly histories: number
  readonly events: number
  /** All digests of the batch, in any order. */
  readonly digest: number
  readonly counts: readonly (readonly [string, number])[]
  readonly failure: Failure | undefined
  /** Of a replay: the plan and one line per event. */
  readonly lines: readonly string[]
}

type Options = { readonly canary: boolean }

export async function playBatch(batch: Batch, options: Options): Promise<Played> {
  // Whoever shares this thread afterwards wants its stacks back.
  const { stackTraceLimit } = Error
  try {
    return await (batch.kind === 'play' ? playSeeds(batch, options) : replay(batch, options))
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** Ends with the first failure. */
async function playSeeds(
  { from, count }: Extract<Batch, { kind: 'play' }>,
  { canary }: Options,
): Promise<Played> {
  const counts: Counts = new Map()
  let events = 0
  let digest = 0
  // Every abort signal makes an error; nobody reads where, unless its history is replayed.
  Error.stackTraceLimit = 0
  for (let seed = from; seed < from + count; seed += 1) {
    const history = await playHistory(planOf(seed), { counts, keepsLines: false })
    events += history.events
    digest ^= Number.parseInt(history.digest, 16)
    const violation = history.violation ?? (canary ? canaryOf(seed) : undefined)
    if (violation) {
      const failure = failureOf(seed, violation)
      return { histories: seed - from + 1, events, digest, counts: [...counts], failure, lines: [] }
    }
  }
  return { histories: count, events, digest, counts: [...counts], failure: undefined, lines: [] }
}

/** Proves that a violation makes a run fail: without it a run that never fails might be deaf. */
function canaryOf(seed: number): Violation | undefined {
  return seed % 100 === 0 ? new Violation('canary', 'fails on purpose') : undefined
}

const stackLinesMax = 12

async function replay(
  { seed, shrinks }: Extract<Batch, { kind: 'replay' }>,
  { canary }: Options,
): Promise<Played> {
  Error.stackTraceLimit = stackLinesMax
  const plan = planOf(seed)
  const first = await playHistory(plan, { counts: new Map(), keepsLines: false })
  const { violation } = first
  const smallest =
    violation && shrinks
      ? await shrink(plan, async (smaller) => {
          const again = await playHistory(smaller, { counts: new Map(), keepsLines: false })
          return again.violation?.invariant === violation.invariant
        })
      : plan
  const counts: Counts = new Map()
  const last = await playHistory(smallest, { counts, keepsLines: true })
  const failed = last.violation ?? (canary ? canaryOf(seed) : undefined)
  return {
    histories: 1,
    events: last.events,
    digest: Number.parseInt(last.digest, 16),
    counts: [...counts],
    failure: failed && failureOf(seed, failed),
    lines: [...planLines(smallest, plan), '', ...last.lines],
  }
}

function planLines(plan: ReturnType<typeof planOf>, whole: ReturnType<typeof planOf>): string[] {
  const faults = Object.entries(plan.faults)
    .filter(([, rate]) => rate > 0)
    .map(([name, rate]) => `${name} ${rate.toFixed(3)}`)
  const { operations, faults: _, ...setting } = plan
  return [
    `setting     ${printed(setting)}`,
    `faults      ${faults.join(', ') || 'none'}`,
    `operations  ${operations.length} of ${whole.operations.length}`,
    ...operations.map((operation) => `  ${printed(operation)}`),
  ]
}

const printed = (value: unknown): string =>
  JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}` : inner))

const failureOf = (seed: number, { invariant, message }: Violation): Failure => ({
  seed,
  invariant,
  message,
})
