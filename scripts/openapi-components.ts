/** A generated document made easier to read: only what is needed, in the shortest form, with notes. */
import * as z from 'zod'

const prefix = '#/components/schemas/'
const outputSuffix = 'Output'

const Json = z.record(z.string(), z.unknown())
const Document = z.looseObject({ paths: Json, components: z.looseObject({ schemas: Json }) })
export type Document = z.infer<typeof Document>

/**
 * zod-openapi renders every named schema once for requests and once for replies, and calls the second
 * one `…Output`. Those that nothing refers to go, and what is left alone gets its plain name.
 */
export function withNeededComponents(made: unknown): Document {
  const document = Document.parse(made)
  const { schemas, ...others } = document.components
  const needed = reachable({ ...document, components: others }, schemas)
  const nameOf = (name: string) => {
    const plain = name.slice(0, -outputSuffix.length)
    return name.endsWith(outputSuffix) && !needed.has(plain) ? plain : name
  }
  const kept = Object.entries(schemas)
    .filter(([name]) => needed.has(name))
    .map(([name, schema]) => [nameOf(name), schema] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
  const components = { ...others, schemas: Object.fromEntries(kept) }
  return Document.parse(renamed({ ...document, components }, nameOf))
}

function reachable(from: unknown, schemas: Readonly<Record<string, unknown>>): Set<string> {
  const seen = new Set<string>()
  const left = namesIn(from)
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (seen.has(name)) continue
    seen.add(name)
    left.push(...namesIn(schemas[name]))
  }
  return seen
}

const reference = new RegExp(`"${prefix}([^"]+)"`, 'g')

const namesIn = (value: unknown): string[] =>
  [...(JSON.stringify(value) ?? '').matchAll(reference)].map(([, name = '']) => name)

const renamed = (value: unknown, nameOf: (name: string) => string): unknown =>
  JSON.parse(
    JSON.stringify(value).replace(reference, (_, name: string) => `"${prefix}${nameOf(name)}"`),
  )

/**
 * `null` beside one other type joins it, and what may be one of several kinds without a tag that all of them
 * require may be any of them. Bounds that only say what JSON carries, and patterns that only
 * repeat a format, go, and so does what stands beside a reference and would shut out all that it names.
 */
export const plainer = (document: Document): Document => Document.parse(plain(document))

const Nullable = z.object({
  anyOf: z.tuple([
    z.looseObject({ type: z.string(), enum: z.never().optional(), const: z.never().optional() }),
    z.strictObject({ type: z.literal('null') }),
  ]),
})

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  const object = Json.safeParse(value)
  if (!object.success) return value
  const whole = plainUnion(object.data)
  const entries = Object.entries(whole).filter(([name, inner]) => !isNoise(name, inner, whole))
  return Object.fromEntries(entries.map(([name, inner]) => [name, plain(inner)]))
}

function plainUnion(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { anyOf, oneOf, ...others } = schema
  const nullable = Nullable.safeParse(schema)
  if (nullable.success) {
    const [one] = nullable.data.anyOf
    return { ...one, type: [one.type, 'null'], ...others }
  }
  const [only, ...more] = Array.isArray(anyOf) ? anyOf : []
  if (only && more.length === 0) return { ...only, ...others }
  const isTagged = oneOf === undefined || 'discriminator' in schema
  return isTagged ? schema : { anyOf: oneOf, ...others }
}

const isNoise = (name: string, value: unknown, schema: object): boolean =>
  (name === 'maximum' && value === Number.MAX_SAFE_INTEGER) ||
  (name === 'minimum' && value === Number.MIN_SAFE_INTEGER) ||
  (name === 'pattern' && 'format' in schema && schema.format === 'date-time') ||
  (name === 'additionalProperties' && value === false && '$ref' in schema)

type Notes = Readonly<Record<string, Readonly<Record<string, string>>>>

/** Throws where a note is of a schema or field that the document has not. */
export function withNotes(document: Document, notes: Notes): Document {
  const schemas = structuredClone(document.components.schemas)
  for (const [name, fields] of Object.entries(notes)) {
    const { properties } = z.object({ properties: z.record(z.string(), Json) }).parse(schemas[name])
    for (const [field, description] of Object.entries(fields)) {
      const property = properties[field]
      if (property === undefined) throw new Error(`${name} has no field ${field} to write of`)
      properties[field] = { description, ...property }
    }
    schemas[name] = { ...Json.parse(schemas[name]), properties }
  }
  return { ...document, components: { ...document.components, schemas } }
}
