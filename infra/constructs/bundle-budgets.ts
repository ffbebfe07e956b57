/**
 * What each deployed bundle may weigh, and what none may carry: a cold start reads, compiles and runs what it
 * loads before the first request. Checked by every synthesis that bundles.
 */

/** Kilobytes (1,000 bytes) of minified JavaScript. */
export type BundleBudget = {
  /** What is loaded before the first request. */
  readonly startKb: number
  /** What is loaded at its first use. */
  readonly laterKb: number
}

/**
 * By entry file: what each has, and a few hundredths to grow; the gateway may not start with more than it is
 * promised to. What its parts consist of is in docs/decisions/0030-bundles-and-logs.md. The admin surface has more
 * routes than the others and bootstrap its composition; the schedules have one composition; only the roll-up signs
 * nothing and reads no secrets.
 */
export const bundleBudgets: Readonly<Record<string, BundleBudget>> = {
  'functions/gateway/server.ts': { startKb: 350, laterKb: 120 },
  'functions/ingest/handler.ts': { startKb: 380, laterKb: 6.5 },
  'functions/admin/handler.ts': { startKb: 430, laterKb: 66 },
  'functions/admin/bootstrap.ts': { startKb: 375, laterKb: 66 },
  'functions/streams/roll-up-spend.ts': { startKb: 158, laterKb: 6.5 },
  'functions/schedules/accrue-earnings.ts': { startKb: 458, laterKb: 17.5 },
  'functions/schedules/advance-jobs.ts': { startKb: 458, laterKb: 17.5 },
  'functions/schedules/close-payouts.ts': { startKb: 458, laterKb: 17.5 },
  'functions/schedules/expire-heartbeats.ts': { startKb: 458, laterKb: 17.5 },
  'functions/schedules/expire-holds.ts': { startKb: 458, laterKb: 17.5 },
  'functions/schedules/probe-routes.ts': { startKb: 458, laterKb: 17.5 },
  'functions/schedules/recompute-eligibility.ts': { startKb: 458, laterKb: 17.5 },
  'functions/schedules/reconcile-ledger.ts': { startKb: 458, laterKb: 17.5 },
  'functions/schedules/run-benchmarks.ts': { startKb: 458, laterKb: 17.5 },
  'functions/schedules/run-spot-checks.ts': { startKb: 458, laterKb: 17.5 },
}

/** Inputs that got in once by an import that looked harmless, with what to do instead. */
const unwanted: readonly { readonly path: RegExp; readonly instead: string }[] = [
  {
    path: /^node_modules\/zod\/v4\/locales\/(?!en\.js$)/,
    instead: "import zod as a namespace: import * as z from 'zod'",
  },
  {
    path: /^node_modules\/@aws-sdk\/(nested-clients|token-providers|credential-provider-[\w-]+)\//,
    instead: 'take credentials from functions/deployed-credentials.ts',
  },
  {
    path: /^(test|apps|scripts|infra)\//,
    instead: 'import what is under src and functions alone',
  },
  {
    path: /^node_modules\/(aws-cdk-lib|openai|esbuild|vitest)\//,
    instead: 'leave to development what belongs there',
  },
]

/** Throws with a sentence for whoever added the entry. */
export function budgetOf(entry: string): BundleBudget {
  const budget = bundleBudgets[entry]
  if (budget !== undefined) return budget
  throw new Error(`${entry} has no budget: give it a row in infra/constructs/bundle-budgets.ts.`)
}

/** Bytes of minified JavaScript, all of them and by input. */
export type BundlePart = {
  readonly bytes: number
  readonly inputs: ReadonlyMap<string, number>
}

/** What a start loads, and what is loaded later. */
export type BundleParts = { readonly start: BundlePart; readonly later: BundlePart }

/** The heaviest first. */
export const largestInputs = ({ inputs }: BundlePart): readonly (readonly [string, number])[] =>
  [...inputs].sort(([, one], [, other]) => other - one).slice(0, 10)

/** What is wrong with a bundle, in one sentence each; none where it may be deployed. */
export function bundleFaults(
  entry: string,
  { start, later }: BundleParts,
  { startKb, laterKb }: BundleBudget = budgetOf(entry),
): readonly string[] {
  const paths = [...start.inputs.keys(), ...later.inputs.keys()]
  const carried = unwanted.flatMap(({ path, instead }) => {
    const input = paths.find((one) => path.test(one))
    return input ? [`${entry} bundles ${input}: ${instead}.`] : []
  })
  return [
    ...carried,
    ...overweight(`${entry} loads at its start`, start, startKb),
    ...overweight(`${entry} loads later`, later, laterKb),
  ]
}

const kb = (bytes: number): string => (bytes / 1000).toFixed(1)

function overweight(subject: string, part: BundlePart, budgetKb: number): readonly string[] {
  if (part.bytes <= budgetKb * 1000) return []
  const largest = largestInputs(part).map(([path, bytes]) => `${path} ${kb(bytes)}`)
  const told = `${kb(part.bytes)} KB minified and may have ${budgetKb}`
  return [`${subject} ${told}; its largest inputs in KB: ${largest.join(', ')}.`]
}
