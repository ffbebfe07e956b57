/**
 * How many requests at a time a node serves in time. Each step doubles, until the first content
 * comes too late, more requests bring no more text, or the node itself says that it is full: the
 * agent's signed `busy` is the capacity that counts, not a figure from a heartbeat.
 */
import type { Answer, Outcome } from './exchange.ts'
import { rampLevels, variedSize } from './plan.ts'
import type { Session } from './session.ts'
import { firstContentAt, isWhole } from './speeds.ts'

export type Ramp = {
  /** 0 where even one request at a time came too late. */
  readonly concurrencyAtTarget: number
  /** Of the steps that came in time; a `busy` is not among them. */
  readonly answers: readonly Answer[]
  readonly failures: number
  /** The highest step that the node took whole. */
  readonly concurrencyTaken: number
}

const growthMin = 1.05

export async function climb(session: Session): Promise<Ramp> {
  const { budget } = session
  let ramp: Ramp = { concurrencyAtTarget: 0, answers: [], failures: 0, concurrencyTaken: 0 }
  let throughput = 0
  for (const level of rampLevels(budget.ramp.concurrencyMax)) {
    if (session.isOver('ramp')) return ramp
    const step = await takeStep(session, level)
    if (!step) return ramp
    const { answers, failures } = step
    ramp = { ...ramp, failures: ramp.failures + failures }
    if (failures > 0) return ramp
    ramp = { ...ramp, concurrencyTaken: level }
    if (firstContentAt(answers, 0.95) > budget.firstContentTargetMs) return ramp
    ramp = { ...ramp, concurrencyAtTarget: level, answers: [...ramp.answers, ...answers] }
    if (step.tokensPerSecond < growthMin * throughput) return ramp
    throughput = step.tokensPerSecond
  }
  return ramp
}

type Step = {
  readonly answers: readonly Answer[]
  readonly failures: number
  /** Of all requests together. */
  readonly tokensPerSecond: number
}

/** Undefined where the node is full, or our budget is spent. */
async function takeStep(session: Session, level: number): Promise<Step | undefined> {
  const startedMs = session.elapsedMs()
  const outcomes = await Promise.all(
    Array.from({ length: level }, () => {
      const size = variedSize(session.budget.ramp, session.limits, session.random)
      const request = session.prompt(size.promptTokens, 'Tell a story with these words.')
      return session.ask(request, { maxTokens: size.completionTokens, patience: 0 })
    }),
  )
  const wasAsked = outcomes.filter((outcome) => outcome.kind !== 'unasked')
  if (wasAsked.length < level || wasAsked.some(isBusy)) return undefined
  const answers = wasAsked.filter(isWhole)
  const tokens = answers.reduce((sum, { counted }) => sum + counted.completion, 0)
  return {
    answers,
    failures: level - answers.length,
    tokensPerSecond: (tokens * 1000) / Math.max(1, session.elapsedMs() - startedMs),
  }
}

const isBusy = (outcome: Outcome): boolean => outcome.kind === 'failed' && outcome.reason === 'busy'
