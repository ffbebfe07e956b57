// What a chat request asks of the form of its reply: JSON, JSON by a schema, or the call of a tool.
// All of them are kept by a grammar, never by hope.

import * as z from 'zod'
import { readSchema } from './json-schema.ts'
import { grammarOf, rulesOf } from './schema-grammar.ts'
import { type CallableTool, callGrammar } from './tool-calls.ts'

const toolsMax = 128

const FunctionName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'Expected 1 to 64 letters, digits, _ or -')

/** Loose, because the prompt shows tools as they came. */
const Tool = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({ name: FunctionName, parameters: z.unknown() }),
})

export const constraintFields = {
  response_format: z
    .discriminatedUnion('type', [
      z.object({ type: z.literal('text') }),
      z.object({ type: z.literal('json_object') }),
      z.object({
        type: z.literal('json_schema'),
        json_schema: z.object({ schema: z.unknown() }),
      }),
    ])
    .nullish(),
  tools: z.array(Tool).max(toolsMax).nullish(),
  tool_choice: z
    .union(
      [
        z.enum(['none', 'auto', 'required']),
        z.object({ type: z.literal('function'), function: z.object({ name: FunctionName }) }),
      ],
      { error: 'Expected none, auto, required or a function' },
    )
    .nullish(),
} as const

export type Constraint = {
  /** In GBNF; undefined: free text. */
  readonly grammar?: string | undefined
  /** The grammar is that of a call. */
  readonly callsTool?: true
}

type Fault = { readonly ok: false; readonly param: string; readonly message: string }
export type ReadConstraint = { readonly ok: true; readonly constraint: Constraint } | Fault

const Fields = z.object(constraintFields)
type Fields = z.infer<typeof Fields>

/**
 * A tool is called where it must be; where it may be, the reply is text: random weights have no
 * reason to call one.
 */
export const constraintOf = ({
  response_format: format,
  tools,
  tool_choice: choice,
}: Fields): ReadConstraint => {
  if (!choice || choice === 'auto' || choice === 'none') return formatConstraint(format)
  if ((format?.type ?? 'text') !== 'text') {
    const message = 'A call of a tool has the form of its parameters; leave response_format out.'
    return { ok: false, param: 'response_format', message }
  }
  return callConstraint(tools ?? [], choice)
}

const formatConstraint = (format: Fields['response_format']): ReadConstraint => {
  if (!format || format.type === 'text') return { ok: true, constraint: {} }
  const wanted = format.type === 'json_schema' ? format.json_schema.schema : undefined
  const read = readSchema(wanted ?? { type: 'object' })
  if (!read.ok) return schemaFault('response_format.json_schema.schema', read.message)
  const { name, rules } = rulesOf(read.schema, 'json')
  return { ok: true, constraint: { grammar: grammarOf(name, rules) } }
}

const callConstraint = (
  tools: readonly z.infer<typeof Tool>[],
  choice: 'required' | { readonly function: { readonly name: string } },
): ReadConstraint => {
  const callable: CallableTool[] = []
  for (const [index, { function: tool }] of tools.entries()) {
    if (choice !== 'required' && tool.name !== choice.function.name) continue
    const read = readSchema(tool.parameters ?? { type: 'object', additionalProperties: false })
    if (!read.ok) return schemaFault(`tools.${index}.function.parameters`, read.message)
    callable.push({ name: tool.name, parameters: read.schema })
  }
  if (callable.length === 0) {
    const message = 'The field tool_choice asks for a tool that is not in tools; add it there.'
    return { ok: false, param: 'tool_choice', message }
  }
  return { ok: true, constraint: { grammar: callGrammar(callable), callsTool: true } }
}

const schemaFault = (param: string, message: string): Fault => ({
  ok: false,
  param,
  message: `The field ${param} is a JSON schema that cannot be kept: ${message}.`,
})
