// JSON schemas as grammars of llama.cpp (GBNF). A grammar describes part of what its schema allows,
// never more: random weights never choose to end a string, a list or a number, so that each of them
// is short, and no white space is written. A trained model would need neither.

import { type JsonSchema, type JsonType, numbersWithin, refTarget } from './json-schema.ts'

/** Characters of a string whose schema asks for no more. */
const textMax = 24
const itemsMax = 4
/** Of an object whose schema names no properties. */
const propertiesMax = 3

const sharedRules = String.raw`
character ::= [^"\\\x00-\x1F\x7F]
text ::= "\"" character{1,${textMax}} "\""
integer ::= "0" | "-"? [1-9] [0-9]{0,5}
number ::= integer ("." [0-9]{1,2})?
any ::= text | number | "true" | "false" | "null"
day ::= "20" [0-9] [0-9] "-0" [1-9] "-" [0-2] [1-8]
time ::= [0-1] [0-9] ":" [0-5] [0-9] ":" [0-5] [0-9] "Z"
uuid ::= [0-9a-f]{8} "-" [0-9a-f]{4} "-4" [0-9a-f]{3} "-8" [0-9a-f]{3} "-" [0-9a-f]{12}
`

const formats = { date: 'day', time: 'time', 'date-time': 'day "T" time', uuid: 'uuid' } as const

/** Text that a reply must have as it is. */
export const verbatim = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`

const literal = (value: unknown): string => verbatim(JSON.stringify(value))

/** A whole grammar: `root` over the rules that it names. */
export const grammarOf = (root: string, rules: readonly string[]): string =>
  [`root ::= ${root}`, ...rules, sharedRules].join('\n')

export type SchemaRules = { readonly name: string; readonly rules: readonly string[] }

/** Rules whose names begin with `prefix`; the one called `name` is a document of the schema. */
export const rulesOf = (root: JsonSchema, prefix: string): SchemaRules => {
  const names = new Map<JsonSchema, string>()
  const rules: string[] = []

  /** Named before it is described, so that a schema may refer to itself. */
  const ruleOf = (schema: JsonSchema): string => {
    const known = names.get(schema)
    if (known !== undefined) return known
    const name = `${prefix}-${names.size}`
    names.set(schema, name)
    rules.push(`${name} ::= ${described(schema)}`)
    return name
  }

  const described = (schema: JsonSchema): string => {
    const { $ref, anyOf, oneOf } = schema
    if ($ref !== undefined) return ruleOf(refTarget(root, $ref) ?? {})
    const options = anyOf ?? oneOf
    if (options) return options.map(ruleOf).join(' | ')
    if (schema.const !== undefined) return literal(schema.const)
    if (schema.enum) return schema.enum.map(literal).join(' | ')
    const types = typesOf(schema)
    if (types.length === 0) return 'any'
    return types.map((type) => ofType(type, schema)).join(' | ')
  }

  const ofType = (type: JsonType, schema: JsonSchema): string => {
    switch (type) {
      case 'null':
        return '"null"'
      case 'boolean':
        return '"true" | "false"'
      case 'integer':
      case 'number':
        return (
          numbersWithin(schema, type === 'integer')
            ?.map(literal)
            .join(' | ') ?? type
        )
      case 'string':
        return textOf(schema)
      case 'array':
        return `"[" ${listed(schema)} "]"`
      case 'object':
        return `"{" ${members(schema)} "}"`
    }
  }

  const listed = ({ prefixItems, items, minItems = 0, maxItems = Infinity }: JsonSchema) => {
    if (prefixItems) return prefixItems.map(ruleOf).join(' "," ')
    const item = items ? ruleOf(items) : 'any'
    const most = items === false ? 0 : Math.min(maxItems, Math.max(minItems, itemsMax))
    if (most === 0) return ''
    const some = `${item} ("," ${item}){${Math.max(minItems, 1) - 1},${most - 1}}`
    return minItems === 0 ? `(${some})?` : some
  }

  const members = (schema: JsonSchema): string => {
    const { properties = {}, required = [], additionalProperties = true } = schema
    const own = new Map(Object.entries(properties))
    const member = (name: string): string =>
      `${verbatim(`${JSON.stringify(name)}:`)} ${ruleOf(own.get(name) ?? {})}`
    const sure = new Set([...own.keys()].filter((name) => required.includes(name)))
    for (const name of required) sure.add(name)
    const optional = [...own.keys()].filter((name) => !sure.has(name)).map(member)
    const perhaps = (all: readonly string[]) => all.map((one) => `("," ${one})?`).join(' ')
    if (sure.size > 0) return `${[...sure].map(member).join(' "," ')} ${perhaps(optional)}`
    const [first, ...others] = optional
    if (first !== undefined) return `(${first} ${perhaps(others)})?`
    return additionalProperties === false ? '' : pairs(schema.propertyNames, additionalProperties)
  }

  const pairs = (key: JsonSchema | undefined, value: JsonSchema | true): string => {
    const pair = `${key ? ruleOf(key) : 'text'} ":" ${value === true ? 'any' : ruleOf(value)}`
    return `(${pair} ("," ${pair}){0,${propertiesMax - 1}})?`
  }

  return { name: ruleOf(root), rules }
}

const typesOf = (schema: JsonSchema): readonly JsonType[] => {
  if (schema.type !== undefined) return [schema.type].flat()
  if (schema.properties || schema.additionalProperties !== undefined) return ['object']
  return schema.items !== undefined || schema.prefixItems ? ['array'] : []
}

const textOf = ({ minLength = 0, maxLength = Infinity, format }: JsonSchema): string => {
  if (format !== undefined) return `"\\"" ${formats[format]} "\\""`
  const most = Math.min(maxLength, Math.max(minLength, textMax))
  return most === 0 ? '"\\"\\""' : `"\\"" character{${minLength},${most}} "\\""`
}
