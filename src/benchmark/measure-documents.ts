/**
 * One run over a model that answers documents: a warm-up, a request of each size one after the other, a
 * long text. One wrong answer ends it without evidence; of hosts that fail, a few may.
 */
import { countTokens, inputBytes } from '../metering/count.ts'
import type { Ids, NowMs, Random, Sleep } from '../protocol/clock.ts'
import type { DocumentModality } from '../protocol/document.ts'
import type { BenchmarkBudget } from './budget.ts'
import type { DocumentDispatch } from './document-dispatch.ts'
import { type DocumentAnswer, type DocumentOutcome, exchangeDocument } from './document-exchange.ts'
import { makeProber, type Probe } from './document-probes.ts'
import type { Target } from './exchange.ts'
import { errorRateMax, type Unmeasured } from './measure.ts'
import { longSize, textTokensMax } from './plan.ts'

export type DocumentRunDeps = {
  readonly dispatch: DocumentDispatch
  readonly ids: Pick<Ids, 'token'>
  readonly nowMs: NowMs
  readonly sleep: Sleep
  readonly random: Random
}

export type ProbedAnswer = DocumentAnswer & {
  /** Tokens that we count of its texts, or its units. */
  readonly counted: number
}

export type MeasuredDocuments = {
  readonly kind: 'documents'
  readonly modality: DocumentModality
  readonly answers: readonly ProbedAnswer[]
  readonly failures: number
  /** Tokens of the longest text that was answered. */
  readonly longestText: number
}

const busyPatience = 3
/** Fewer are no evidence. */
const answersMin = 5

export async function measureDocuments(
  deps: DocumentRunDeps,
  target: Target,
  { modality, budget }: { readonly modality: DocumentModality; readonly budget: BenchmarkBudget },
): Promise<MeasuredDocuments | Unmeasured> {
  const run = openRun(deps, target, budget)
  const openProber = () =>
    makeProber(
      {
        ...deps,
        model: target.model.id,
        bytesPerToken: target.manifest.bytes_per_token.prompt.mean,
        textTokensMax: textTokensMax(run.limits),
      },
      modality,
    )
  const [first] = openProber().probes()
  const warmUp = first && (await run.ask(first))
  if (!isAnswered(warmUp)) return unmeasured('no_answer', warmUp)

  const prober = openProber()
  const probes = prober.probes()
  const outcomes: RunOutcome[] = []
  for (const probe of probes) {
    const outcome = await run.ask(probe)
    if (isAnswered(outcome) && !probe.isRight(outcome.document)) return unmeasured('wrong_answer')
    if (outcome.kind === 'unasked') break
    outcomes.push(outcome)
    if (failuresOf(outcomes) > errorRateMax * probes.length) {
      return unmeasured('too_many_errors', outcome)
    }
  }
  const answers = outcomes.filter(isAnswered)
  if (answers.length < answersMin) return unmeasured('too_slow', outcomes.at(-1))

  const left = { tokens: run.tokensLeft(), longestPrompt: run.longestText() }
  const size = prober.long && longSize(run.limits, left)
  const long = size && prober.long?.(size.promptTokens)
  const last = long && (await run.ask(long))
  if (long && isAnswered(last) && !long.isRight(last.document)) return unmeasured('wrong_answer')
  return {
    kind: 'documents',
    modality,
    answers,
    failures: failuresOf(outcomes),
    longestText: run.longestText(),
  }
}

type RunOutcome =
  | ProbedAnswer
  | Exclude<DocumentOutcome, DocumentAnswer>
  | { readonly kind: 'unasked' }

const isAnswered = (outcome: RunOutcome | undefined): outcome is ProbedAnswer =>
  outcome?.kind === 'answered'

const failuresOf = (outcomes: readonly RunOutcome[]): number =>
  outcomes.filter(({ kind }) => kind === 'failed').length

function unmeasured(why: Unmeasured['why'], outcome?: RunOutcome): Unmeasured {
  const last = outcome?.kind === 'failed' ? outcome.reason : undefined
  return { kind: 'unmeasured', why, last }
}

/** Every request of a run is charged to its tokens and its time. */
function openRun(deps: DocumentRunDeps, target: Target, budget: BenchmarkBudget) {
  const runOver = AbortSignal.timeout(budget.durationMs)
  const { candidate, manifest, model } = target
  let tokensLeft = budget.tokensMax
  let longestText = 0

  const tokensOf = (text: string): number =>
    countTokens({ prompt: inputBytes([text]), completion: 0 }, manifest.bytes_per_token).prompt

  async function askOnce({ request, texts, units }: Probe): Promise<RunOutcome> {
    const tokens = texts.reduce((sum, text) => sum + tokensOf(text), 0)
    if (tokens > tokensLeft || runOver.aborted) return { kind: 'unasked' }
    tokensLeft -= tokens
    const signal = AbortSignal.any([runOver, AbortSignal.timeout(budget.requestTimeoutMs)])
    const outcome = await exchangeDocument(deps, target, { request, signal })
    if (outcome.kind === 'failed') {
      const wasNeverRead = outcome.reason === 'busy' || outcome.reason === 'connect_failed'
      if (wasNeverRead) tokensLeft += tokens
      return outcome
    }
    if (texts.length === 1) {
      // Some runtimes cut a long text without a word, but not in their usage.
      longestText = Math.max(longestText, Math.min(tokens, outcome.claimed?.prompt ?? tokens))
    }
    return { ...outcome, counted: units > 0 ? units : tokens }
  }

  return {
    limits: { contextTokens: Math.min(candidate.contextLength, model.context_length) },
    tokensLeft: () => tokensLeft,
    longestText: () => longestText,
    ask: async (probe: Probe): Promise<RunOutcome> => {
      for (let heard = 0; ; heard += 1) {
        const outcome = await askOnce(probe)
        const isBusy = outcome.kind === 'failed' && outcome.reason === 'busy'
        if (!isBusy || heard >= busyPatience) return outcome
        await deps.sleep(budget.pauseMs, runOver)
      }
    },
  }
}
