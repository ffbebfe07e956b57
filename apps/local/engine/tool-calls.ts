// Calls of tools: the grammar that makes the model write one, and the reading of what it wrote. The
// model writes the whole call, name and all, so that a reply is billed for the tokens it took.

import { callText } from './chat-template.ts'
import type { CompletionEvent } from './completion-run.ts'
import type { JsonSchema } from './json-schema.ts'
import { grammarOf, rulesOf, verbatim } from './schema-grammar.ts'

export type CallableTool = { readonly name: string; readonly parameters: JsonSchema }

/** One call of any of these tools. */
export const callGrammar = (tools: readonly CallableTool[]): string => {
  const calls = tools.map(({ name, parameters }, index) => {
    const { name: args, rules } = rulesOf(parameters, `tool-${index}`)
    const [before = '', after = ''] = callText(name, '\0').split('\0')
    return { call: `${verbatim(before)} ${args} ${verbatim(after)}`, rules }
  })
  return grammarOf(
    calls.map(({ call }) => call).join(' | '),
    calls.flatMap(({ rules }) => rules),
  )
}

/** What stands around the name and the arguments in `callText`. */
const head = /^\{"name": "([^"]+)", "arguments": /
const tail = '}'

const isWhole = (json: string): boolean => {
  try {
    JSON.parse(json)
    return true
  } catch {
    return false
  }
}

/**
 * The events of a reply under `callGrammar`, read as its call. What is cut off before the call has a
 * name stays text; where it is cut off later, the arguments are what there is of them.
 */
export async function* readCall(
  events: AsyncIterable<CompletionEvent>,
  makeId: () => string,
): AsyncGenerator<CompletionEvent, void, undefined> {
  let written = ''
  /** Of `written`, what is known to be neither name nor arguments or has been handed on. */
  let passed = 0
  for await (const event of events) {
    if (event.type === 'text') {
      written += event.text
      if (passed === 0) {
        const [before, name] = head.exec(written) ?? []
        if (before === undefined || name === undefined) continue
        passed = before.length
        yield { type: 'call', id: makeId(), name }
      }
      // The last character may be the one that closes the call.
      const text = written.slice(passed, -1)
      passed += text.length
      if (text !== '') yield { type: 'arguments', text }
    } else if (event.type === 'end') {
      const whole = isWhole(written)
      const rest = written.slice(passed, whole ? -tail.length : undefined)
      if (rest !== '') yield passed === 0 ? { type: 'text', text: rest } : argumentsOf(rest)
      yield whole ? { ...event, finishReason: 'tool_calls' } : event
    } else {
      yield event
    }
  }
}

const argumentsOf = (text: string): CompletionEvent => ({ type: 'arguments', text })
