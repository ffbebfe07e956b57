/** Figures against targets: each target of a suite that ran is met, missed, or told why it has no figure. */
import { registry, type SuiteName } from './registry.ts'
import type { SuiteReport } from './suite.ts'
import { isMet, type Target, type TargetId, targets } from './targets.ts'

export type Verdict =
  | { readonly kind: 'met' | 'missed'; readonly figure: number }
  | { readonly kind: 'not_measured'; readonly why: string }
  /** Without a figure and without a word about it. */
  | { readonly kind: 'left_out' }

export type Judged = {
  readonly id: TargetId
  readonly suite: SuiteName
  readonly target: Target
  readonly verdict: Verdict
}

export type Reported = {
  readonly name: SuiteName
  readonly report: Pick<SuiteReport, 'figures' | 'skipped' | 'checks'>
}

export const judge = (suites: readonly Reported[]): readonly Judged[] =>
  suites.flatMap(({ name, report }) =>
    registry[name].owes.map((id) => ({
      id,
      suite: name,
      target: targets[id],
      verdict: verdictOf(targets[id], report, id),
    })),
  )

function verdictOf(
  target: Target,
  { figures, skipped }: Reported['report'],
  id: TargetId,
): Verdict {
  const figure = figures[id]
  if (figure !== undefined) return { kind: isMet(target, figure) ? 'met' : 'missed', figure }
  if (skipped.length > 0) return { kind: 'not_measured', why: skipped.join(' ') }
  return { kind: 'left_out' }
}

/** One sentence for each thing that makes a run fail. */
export function complaints(suites: readonly Reported[]): readonly string[] {
  const ofTargets = judge(suites).flatMap(({ id, suite, target, verdict }) => {
    if (verdict.kind === 'missed') return [`Missed: ${target.what}.`]
    if (verdict.kind === 'left_out') return [`The suite ${suite} says nothing of ${id}.`]
    return []
  })
  const ofChecks = suites.flatMap(({ report: { checks = [] } }) =>
    checks.filter((check) => !check.isMet).map(({ what }) => `Failed: ${what}.`),
  )
  return [...ofTargets, ...ofChecks]
}
