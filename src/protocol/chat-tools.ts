/** What a chat request says of tools and of the answer's form, each bounded. */
import * as z from 'zod'
import { boundedObject } from './bounded-json.ts'
import { limits } from './limits.ts'

/** OpenAI's rule for the names of functions and schemas. */
export const FunctionName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')
export const FunctionDescription = z.string().max(16_384)
export const JsonSchema = boundedObject(limits.jsonSchema)

const FunctionTool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: FunctionName,
    description: FunctionDescription.nullish(),
    parameters: JsonSchema.nullish(),
    strict: z.boolean().nullish(),
  }),
})

/** Tools that a provider hosts are known by their type alone; hosts here have none. */
const HostedTool = z.object({
  type: z
    .string()
    .max(64)
    // Ends this branch, so that what is wrong with a function is told of the function.
    .refine((type) => type !== 'function', { abort: true }),
})

export const Tool = z.union([FunctionTool, HostedTool])

export const ToolChoice = z.union(
  [
    z.enum(['none', 'auto', 'required']),
    z.object({ type: z.literal('function'), function: z.object({ name: FunctionName }) }),
  ],
  { error: 'it must be "none", "auto", "required" or a function' },
)

/** A call that an earlier answer made; models name them as they please. */
export const ToolCall = z.object({
  id: z.string().max(256).nullish(),
  type: z.literal('function').nullish(),
  function: z.object({ name: z.string().max(256), arguments: z.string() }),
})

export const ResponseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: FunctionName,
      description: FunctionDescription.nullish(),
      schema: JsonSchema.nullish(),
      strict: z.boolean().nullish(),
    }),
  }),
])
