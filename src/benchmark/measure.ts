/**
 * One run: warm-ups, long prompts, long answers, what else works, more and more at a time, one very
 * long prompt. It ends as soon as its failures rule evidence out.
 */
import type { Capabilities } from '../fleet/node.ts'
import type { BenchmarkBudget, RequestSize } from './budget.ts'
import { checkAbort, checkCapabilities, hasUsage, seenInAll } from './capability-checks.ts'
import type { Answer, Outcome, Target, Unanswered } from './exchange.ts'
import { longSize, type Phase, variedSize } from './plan.ts'
import { climb } from './ramp.ts'
import { openSession, type Session, type SessionDeps } from './session.ts'
import { firstContentAt, isStreamed, isWhole } from './speeds.ts'

/** A run with more failures than this is no evidence. */
export const errorRateMax = 0.2

export type Measured = {
  readonly kind: 'measured'
  /** Of single requests: long prompts with short answers, and the reverse. */
  readonly prefill: readonly Answer[]
  readonly decode: readonly Answer[]
  /** Of requests at a time, as many as came in time. */
  readonly together: readonly Answer[]
  readonly concurrencyAtTarget: number
  readonly failures: number
  readonly capabilities: Capabilities
}

export type Unmeasured = {
  readonly kind: 'unmeasured'
  readonly why: 'no_answer' | 'too_many_errors' | 'too_slow' | 'wrong_answer'
  /** Of the last request that failed. */
  readonly last: Unanswered['reason'] | 'malformed' | undefined
}

export async function measure(
  deps: SessionDeps,
  target: Target,
  budget: BenchmarkBudget,
): Promise<Measured | Unmeasured> {
  const session = openSession(deps, target, budget)
  const warmUps = await repeat(session, 'prefill', {
    ...budget.decode,
    runs: budget.warmUps,
    enough: () => false,
  })
  if (!warmUps.some(isWhole)) return unmeasured('no_answer', warmUps)

  const planned = budget.prefill.runs + budget.decode.runs
  const isHopeless = (outcomes: readonly Outcome[]) => failuresOf(outcomes) > errorRateMax * planned
  const prefill = await repeat(session, 'prefill', { ...budget.prefill, enough: isHopeless })
  if (isHopeless(prefill)) return unmeasured('too_many_errors', prefill)
  const decode = await repeat(session, 'decode', {
    ...budget.decode,
    enough: (outcomes) => isHopeless([...prefill, ...outcomes]),
  })
  const alone = [...prefill, ...decode]
  if (isHopeless(alone)) return unmeasured('too_many_errors', alone)
  if (!prefill.some(isWhole) || !decode.some(isWhole)) return unmeasured('too_slow', alone)

  const checked = await checkCapabilities(session)
  const ramp = await climb(session)
  const failures = failuresOf(alone) + ramp.failures
  const answers = [...alone.filter(isWhole), ...ramp.answers]
  if (failures > errorRateMax * (answers.length + failures)) {
    return unmeasured('too_many_errors', alone)
  }
  const written = decode.filter(isWhole)
  const streaming = written.filter(isStreamed).length * 2 > written.length
  // An answer that comes whole has no first content to be cut at.
  const abort =
    streaming &&
    (await checkAbort(session, {
      concurrency: Math.max(1, ramp.concurrencyTaken),
      firstContentMsMax: 2 * firstContentAt(answers, 0.95),
    }))
  await askLong(session)
  return {
    kind: 'measured',
    prefill: prefill.filter(isWhole),
    decode: written,
    together: ramp.answers,
    concurrencyAtTarget: ramp.concurrencyAtTarget,
    failures,
    capabilities: {
      ...checked,
      abort,
      streaming,
      usage: seenInAll(answers, hasUsage),
      contextTokens: session.longestPrompt(),
    },
  }
}

type Series = RequestSize & {
  readonly runs: number
  /** Whether what came so far is all that is needed. */
  readonly enough: (outcomes: readonly Outcome[]) => boolean
}

/** One after another, at least one however late it is; what the budget refused is left out. */
async function repeat(session: Session, phase: Phase, series: Series): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (let run = 0; run < series.runs; run += 1) {
    if (run > 0 && session.isOver(phase)) break
    const size = variedSize(series, session.limits, session.random)
    const request = session.prompt(size.promptTokens, 'Tell a long story with these words.')
    const outcome = await session.ask(request, { maxTokens: size.completionTokens })
    if (outcome.kind === 'unasked') break
    outcomes.push(outcome)
    if (series.enough(outcomes)) break
  }
  return outcomes
}

async function askLong(session: Session): Promise<void> {
  const left = { tokens: session.tokensLeft(), longestPrompt: session.longestPrompt() }
  const size = longSize(session.limits, left)
  if (!size) return
  const request = session.prompt(size.promptTokens, 'Tell a story with these words.')
  await session.ask(request, { maxTokens: size.completionTokens })
}

const failuresOf = (outcomes: readonly Outcome[]): number =>
  outcomes.length - outcomes.filter(isWhole).length

function unmeasured(why: Unmeasured['why'], outcomes: readonly Outcome[]): Unmeasured {
  const last = outcomes.findLast((outcome) => outcome.kind === 'failed')
  return { kind: 'unmeasured', why, last: last?.reason }
}
