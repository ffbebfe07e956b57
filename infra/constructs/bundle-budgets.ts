/**
 * What each deployed bundle may weigh, and what none may carry: a cold start reads, compiles and runs all
 * of it before the first request. Checked by every synthesis that bundles.
 */

/**
 * Kilobytes (1,000 bytes) of minified JavaScript by entry file: what each has, and a few hundredths to grow. What
 * the gateway's consist of is in docs/decisions/0030-bundles-and-logs.md. The admin surface has more routes than
 * the others and bootstrap its composition; the schedules have one composition; only the roll-up signs nothing and
 * reads no secrets.
 */
export const bundleBudgetsKb: Readonly<Record<string, number>> = {
  'functions/gateway/server.ts': 800,
  'functions/ingest/handler.ts': 695,
  'functions/admin/handler.ts': 795,
  'functions/admin/bootstrap.ts': 740,
  'functions/streams/roll-up-spend.ts': 410,
  'functions/schedules/accrue-earnings.ts': 785,
  'functions/schedules/advance-jobs.ts': 785,
  'functions/schedules/close-payouts.ts': 785,
  'functions/schedules/expire-heartbeats.ts': 785,
  'functions/schedules/expire-holds.ts': 785,
  'functions/schedules/probe-routes.ts': 785,
  'functions/schedules/recompute-eligibility.ts': 785,
  'functions/schedules/reconcile-ledger.ts': 785,
  'functions/schedules/run-benchmarks.ts': 785,
  'functions/schedules/run-spot-checks.ts': 785,
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
export function budgetKbOf(entry: string): number {
  const budgetKb = bundleBudgetsKb[entry]
  if (budgetKb !== undefined) return budgetKb
  throw new Error(`${entry} has no budget: give it a row in infra/constructs/bundle-budgets.ts.`)
}

/** One output of esbuild's metafile. */
export type BundleOutput = {
  readonly bytes: number
  readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>
}

const kb = (bytes: number): string => (bytes / 1000).toFixed(1)

/** What is wrong with a bundle, in one sentence each; none where it may be deployed. */
export function bundleFaults(
  entry: string,
  { bytes, inputs }: BundleOutput,
  budgetKb: number = budgetKbOf(entry),
): readonly string[] {
  const carried = unwanted.flatMap(({ path, instead }) => {
    const input = Object.keys(inputs).find((one) => path.test(one))
    return input ? [`${entry} bundles ${input}: ${instead}.`] : []
  })
  if (bytes <= budgetKb * 1000) return carried
  const largest = Object.entries(inputs)
    .sort(([, one], [, other]) => other.bytesInOutput - one.bytesInOutput)
    .slice(0, 10)
    .map(([path, { bytesInOutput }]) => `${path} ${kb(bytesInOutput)}`)
  const told = `${kb(bytes)} KB minified and may have ${budgetKb}`
  return [...carried, `${entry} has ${told}; its largest inputs in KB: ${largest.join(', ')}.`]
}
