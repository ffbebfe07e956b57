// The JSON schemas whose documents this engine can be held to. Whatever else a schema asks for is
// refused by name: a reply must never look checked when it is not.

import * as z from 'zod'
import { isWithin } from '../../../src/protocol/bounded-json.ts'

const bytesMax = 64 * 1024
/** Of the schema as a value: how deep it nests, and how many values it holds. */
const bounds = { depthMax: 64, valuesMax: 2048 }
/** llama.cpp refuses grammars that repeat much more. */
const leastLengthMax = 1000
const leastItemsMax = 64

const Type = z.enum(['string', 'number', 'integer', 'boolean', 'null', 'array', 'object'])
export type JsonType = z.infer<typeof Type>

export const textFormats = ['date', 'time', 'date-time', 'uuid'] as const

/** What says nothing of a document's form. */
const annotations = {
  $schema: z.unknown().optional(),
  $id: z.unknown().optional(),
  $comment: z.unknown().optional(),
  title: z.unknown().optional(),
  description: z.unknown().optional(),
  default: z.unknown().optional(),
  examples: z.unknown().optional(),
  deprecated: z.unknown().optional(),
  readOnly: z.unknown().optional(),
  writeOnly: z.unknown().optional(),
}

export type JsonSchema = {
  readonly $defs?: Named | undefined
  readonly definitions?: Named | undefined
  readonly $ref?: string | undefined
  readonly anyOf?: readonly JsonSchema[] | undefined
  readonly oneOf?: readonly JsonSchema[] | undefined
  readonly const?: unknown
  readonly enum?: readonly unknown[] | undefined
  readonly type?: JsonType | readonly JsonType[] | undefined
  readonly properties?: Named | undefined
  readonly required?: readonly string[] | undefined
  readonly additionalProperties?: boolean | JsonSchema | undefined
  readonly propertyNames?: JsonSchema | undefined
  readonly items?: false | JsonSchema | undefined
  readonly prefixItems?: readonly JsonSchema[] | undefined
  readonly minItems?: number | undefined
  readonly maxItems?: number | undefined
  readonly minLength?: number | undefined
  readonly maxLength?: number | undefined
  readonly format?: (typeof textFormats)[number] | undefined
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
  readonly exclusiveMinimum?: number | undefined
  readonly exclusiveMaximum?: number | undefined
}
type Named = Readonly<Record<string, JsonSchema>>

const Inner: z.ZodType<JsonSchema> = z.lazy(() => Schema)
const Several = z.array(Inner)
const ByName = z.record(z.string(), Inner).optional()
const Amount = z.number().optional()
const Count = z.int().min(0)

const Schema = z.strictObject({
  ...annotations,
  $defs: ByName,
  definitions: ByName,
  $ref: z.string().optional(),
  anyOf: Several.min(1).optional(),
  oneOf: Several.min(1).optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).min(1).optional(),
  type: z.union([Type, z.array(Type).min(1)], { error: 'Expected a type or types' }).optional(),
  properties: ByName,
  required: z.array(z.string()).optional(),
  additionalProperties: z.union([z.boolean(), Inner]).optional(),
  propertyNames: Inner.optional(),
  items: z.union([z.literal(false), Inner]).optional(),
  prefixItems: Several.optional(),
  minItems: Count.max(leastItemsMax).optional(),
  maxItems: Count.optional(),
  minLength: Count.max(leastLengthMax).optional(),
  maxLength: Count.optional(),
  format: z.enum(textFormats).optional(),
  minimum: Amount,
  maximum: Amount,
  exclusiveMinimum: Amount,
  exclusiveMaximum: Amount,
})

export type ReadSchema =
  | { readonly ok: true; readonly schema: JsonSchema }
  | { readonly ok: false; readonly message: string }

/** The message names the place and the keyword at fault. */
export const readSchema = (given: unknown): ReadSchema => {
  const fault = (message: string) => ({ ok: false, message }) as const
  if (!isWithin(given, bounds) || Buffer.byteLength(JSON.stringify(given) ?? '') > bytesMax) {
    const { depthMax, valuesMax } = bounds
    return fault(
      `it may nest ${depthMax} deep and hold ${valuesMax} values and ${bytesMax} bytes; shorten it`,
    )
  }
  const parsed = Schema.safeParse(given)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const place = issue?.path.map(String).join('.') || 'its top'
    return fault(`at ${place}: ${issue?.message}`)
  }
  const problem = problemIn(parsed.data)
  return problem === undefined ? { ok: true, schema: parsed.data } : fault(problem)
}

const problemIn = (root: JsonSchema): string | undefined => {
  for (const schema of everySchema(root)) {
    const problem = refProblem(root, schema) ?? mixedProblem(schema) ?? rangeProblem(schema)
    if (problem !== undefined) return problem
  }
  return undefined
}

function* everySchema(schema: JsonSchema): Generator<JsonSchema> {
  yield schema
  const { $defs, definitions, properties, additionalProperties, items, propertyNames } = schema
  const named = [$defs, definitions, properties].flatMap((record) => Object.values(record ?? {}))
  const listed = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.prefixItems ?? [])]
  const single = [additionalProperties, items, propertyNames].filter(
    (one) => typeof one === 'object',
  )
  for (const child of [...named, ...listed, ...single]) yield* everySchema(child)
}

/** The schema that a reference names; undefined when there is none. */
export const refTarget = (root: JsonSchema, ref: string): JsonSchema | undefined => {
  if (ref === '#') return root
  const [, kind, name] = /^#\/(\$defs|definitions)\/([^/]+)$/.exec(ref) ?? []
  const defined = kind === '$defs' ? root.$defs : root.definitions
  return name !== undefined && Object.hasOwn(defined ?? {}, name) ? defined?.[name] : undefined
}

/** Schemas that `schema` may stand for as a whole, so that nothing of a document is between them. */
const directly = (root: JsonSchema, schema: JsonSchema): readonly JsonSchema[] => {
  const target = schema.$ref === undefined ? undefined : refTarget(root, schema.$ref)
  return target ? [target] : (schema.anyOf ?? schema.oneOf ?? [])
}

const refProblem = (root: JsonSchema, schema: JsonSchema): string | undefined => {
  const { $ref } = schema
  if ($ref === undefined) return undefined
  if (refTarget(root, $ref) === undefined) return `the $ref ${$ref} names no schema in $defs`
  const seen = new Set<JsonSchema>()
  const waiting = [...directly(root, schema)]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === schema) return `the $ref ${$ref} leads back to itself and describes nothing`
    if (!seen.has(next)) waiting.push(...directly(root, next))
    seen.add(next)
  }
  return undefined
}

const aside: ReadonlySet<string> = new Set([...Object.keys(annotations), '$defs', 'definitions'])

/** A whole schema by itself: beside it, other keywords would have to hold as well. */
const alone = ['$ref', 'anyOf', 'oneOf', 'const', 'enum'] as const

const mixedProblem = (schema: JsonSchema): string | undefined => {
  const keywords = Object.entries(schema).flatMap(([name, value]) =>
    aside.has(name) || value === undefined ? [] : [name],
  )
  const main = alone.find((name) => keywords.includes(name))
  const values = main === 'const' || main === 'enum'
  const other = keywords.find((name) => name !== main && !(values && name === 'type'))
  if (main === undefined || other === undefined) return undefined
  return `${other} cannot be kept beside ${main}; leave one of them out`
}

const rangeProblem = (schema: JsonSchema): string | undefined => {
  const { minItems = 0, maxItems = Infinity, minLength = 0, maxLength = Infinity } = schema
  const tuple = schema.prefixItems?.length
  if (tuple !== undefined && (minItems > tuple || maxItems < tuple)) {
    return 'arrays have as many items as prefixItems; leave minItems and maxItems out'
  }
  if (maxItems < minItems) return 'no array has minItems and maxItems at once'
  if (maxLength < minLength) return 'no string has minLength and maxLength at once'
  const whole = [schema.type].flat().includes('integer')
  if (numbersWithin(schema, whole)?.length === 0) return 'no number is within its bounds'
  return undefined
}

const numbersMax = 64
/** How far numbers go from the one bound that a schema has. */
const reach = 1000
/** Bounds beyond this on both sides bind nothing that is ever written here. */
const plainNumberMax = 999_999

/**
 * Numbers that a schema with bounds allows, evenly from all there are: a grammar has no other way to
 * keep a bound. Undefined where it has none.
 */
export const numbersWithin = (
  schema: JsonSchema,
  whole: boolean,
): readonly number[] | undefined => {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema
  const low = Math.max(minimum ?? -Infinity, exclusiveMinimum ?? -Infinity)
  const high = Math.min(maximum ?? Infinity, exclusiveMaximum ?? Infinity)
  if (low <= -plainNumberMax && high >= plainNumberMax) return undefined
  const first = Number.isFinite(low) ? low : high - reach
  const last = Math.min(high, first + reach)
  const step = (last - first) / (numbersMax - 1)
  const round = (value: number) => (whole ? Math.round(value) : Number(value.toPrecision(3)))
  const spread = Array.from({ length: numbersMax }, (_, index) => round(first + index * step))
  const allowed = [...spread, Math.ceil(first), Math.floor(last), first, last].filter(
    (value) =>
      value >= low &&
      value <= high &&
      value !== exclusiveMinimum &&
      value !== exclusiveMaximum &&
      (!whole || Number.isInteger(value)),
  )
  return [...new Set(allowed)]
}
