/**
 * Where the time of requests goes that run one after the other: what was waited for, by step. Where steps
 * overlap, a moment belongs to the one that began first.
 */
import * as z from 'zod'

export const Step = z.enum(['key', 'pool', 'hold', 'proof', 'words', 'decision', 'settlement'])
export type Step = z.infer<typeof Step>

export const stepTitles: Readonly<Record<Step, string>> = {
  key: 'key and account',
  pool: 'pool of the model, incidents',
  hold: 'hold, with the hosts’ state beside it',
  proof: 'ticket, host, its proof',
  words: 'the host’s words, read as they come',
  decision: 'receipt stored',
  settlement: 'wallet settled',
}

export type ByStep = Readonly<Record<Step, number>>

export const byStep = (of: (step: Step) => number): ByStep => ({
  key: of('key'),
  pool: of('pool'),
  hold: of('hold'),
  proof: of('proof'),
  words: of('words'),
  decision: of('decision'),
  settlement: of('settlement'),
})

export type Span = { readonly step: Step; readonly fromMs: number; readonly toMs: number }

export type Timeline = {
  /** As `work`, with the time until its promise settles told as one span. */
  readonly watch: <Args extends readonly unknown[], Value>(
    step: Step,
    work: (...args: Args) => Promise<Value>,
  ) => (...args: Args) => Promise<Value>
  /** Milliseconds of all requests since the last call. */
  readonly take: () => ByStep
}

export function makeTimeline(nowMs: () => number = () => performance.now()): Timeline {
  let spans: Span[] = []
  return {
    watch:
      (step, work) =>
      async (...args) => {
        const fromMs = nowMs()
        try {
          return await work(...args)
        } finally {
          spans.push({ step, fromMs, toMs: nowMs() })
        }
      },
    take: () => {
      const taken = spans
      spans = []
      return msByStep(taken)
    },
  }
}

export function msByStep(spans: readonly Span[]): ByStep {
  const sums: Record<Step, number> = { ...byStep(() => 0) }
  let toldToMs = Number.NEGATIVE_INFINITY
  for (const { step, fromMs, toMs } of spans.toSorted((one, other) => one.fromMs - other.fromMs)) {
    sums[step] += Math.max(0, toMs - Math.max(fromMs, toldToMs))
    toldToMs = Math.max(toldToMs, toMs)
  }
  return sums
}
