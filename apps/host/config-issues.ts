/** Tells what is wrong with a config, several errors at once, each with its line and field. */
import * as z from 'zod'
import type { Path } from './config-json.ts'

const issuesShownMax = 8

/** What an issue says of its field, as the rest of a sentence that begins with the field's name. */
export const issueMessage: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${nameOf(issue.expected)}`
    case 'too_small':
      return `must ${sizeVerb(issue.origin)} at least ${issue.minimum}`
    case 'too_big':
      return `must ${sizeVerb(issue.origin)} at most ${issue.maximum}`
    case 'invalid_value':
      return issue.input === undefined
        ? 'is missing'
        : `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`
    default:
      return undefined
  }
}

function nameOf(expected: string): string {
  if (expected === 'int') return 'a whole number'
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`
}

const sizeVerb = (origin: string): string =>
  origin === 'array' || origin === 'string' ? 'have a length of' : 'be'

/** One line per issue, as `file:line: field …`; the rest are counted. */
export function issueLines(
  { issues }: z.ZodError,
  from: { readonly schema: z.ZodType; readonly file: string; lineOf: (path: Path) => number },
): string[] {
  const problems = issues
    .flatMap((issue) => problemsOf(issue, from.schema))
    .map(({ path, text }) => ({ line: from.lineOf(path), text }))
    .sort((one, other) => one.line - other.line)
  const shown = problems
    .slice(0, issuesShownMax)
    .map(({ line, text }) => `${from.file}:${line}: ${text}`)
  const hidden = problems.length - shown.length
  return hidden > 0 ? [...shown, `and ${hidden} more`] : shown
}

type Problem = { readonly path: Path; readonly text: string }

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType): Problem[] {
  if (issue.code !== 'unrecognized_keys') {
    const field = issue.path.join('.')
    return [{ path: issue.path, text: `${field === '' ? 'the config' : field} ${issue.message}.` }]
  }
  const known = fieldsAt(schema, issue.path)
  return issue.keys.map((key) => {
    const near = nearest(key, known)
    const advice = near === undefined ? `Known are ${known.join(', ')}` : `Did you mean ${near}?`
    const path = [...issue.path, key]
    const end = near === undefined ? '.' : ''
    return { path, text: `${path.join('.')} is not a field of this config. ${advice}${end}` }
  })
}

/** What the schema knows of an object, told by its JSON Schema. */
type Shape = {
  readonly properties?: Readonly<Record<string, Shape>> | undefined
  readonly items?: Shape | undefined
  readonly oneOf?: readonly Shape[] | undefined
  readonly anyOf?: readonly Shape[] | undefined
}
const Shape: z.ZodType<Shape> = z.lazy(() =>
  z.object({
    properties: z.record(z.string(), Shape).optional(),
    items: Shape.optional(),
    oneOf: z.array(Shape).optional(),
    anyOf: z.array(Shape).optional(),
  }),
)

function fieldsAt(schema: z.ZodType, path: Path): string[] {
  const root = Shape.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))
  let shapes: readonly Shape[] = variantsOf(root)
  for (const key of path) {
    shapes = shapes
      .flatMap((shape) => (typeof key === 'number' ? shape.items : shape.properties?.[String(key)]))
      .flatMap((shape) => (shape === undefined ? [] : variantsOf(shape)))
  }
  return [...new Set(shapes.flatMap(({ properties }) => Object.keys(properties ?? {})))]
}

function variantsOf(shape: Shape): readonly Shape[] {
  const variants = [...(shape.oneOf ?? []), ...(shape.anyOf ?? [])]
  return variants.length === 0 ? [shape] : variants.flatMap(variantsOf)
}

/** Undefined where no name is near enough to have been meant. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((one) => ({ one, distance: editDistance(name.slice(0, 64), one) }))
    .sort((one, other) => one.distance - other.distance)
  const farthest = Math.min(name.length - 1, Math.max(2, Math.floor(name.length / 3)))
  return best !== undefined && best.distance <= farthest ? best.one : undefined
}

/** How many letters must be put in, taken out or replaced. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1]
    for (const [j, match] of [...other].entries()) {
      const replaced = (row[j] ?? 0) + (letter === match ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}
