/** A spot check's question, asked of its host as a customer would ask it; of the answer the log-probabilities. */
import type { AskOneHost } from '../spot-checks/ports.ts'
import type { CompleteDeps } from './complete.ts'
import { completeAt } from './complete-at.ts'

export const makeAskOneHost =
  (deps: CompleteDeps): AskOneHost =>
  async (question) => {
    let hasContent = false
    let logprobs: unknown
    // Read to its end: what a host delivered is settled, also where it then breaks off.
    for await (const event of completeAt(deps, question, new AbortController().signal)) {
      if (event.kind === 'failed' && !hasContent) return { kind: 'failed', code: event.error.code }
      if (event.kind !== 'chunks' || hasContent) continue
      const choices = event.chunks.flatMap((chunk) => chunk.choices)
      const first = choices.find(({ delta }) => delta.role === undefined)
      if (!first) continue
      hasContent = true
      logprobs = first.logprobs
    }
    return { kind: 'answered', logprobs }
  }
