/**
 * Which methods of the stores send a write, read from the sources: whoever adds one must find it
 * missing from the table of faults. A method counts when a call that writes can be reached from
 * it by the names of functions, in its own file or in those it imports.
 */
import { posix } from 'node:path'
import { parseAst } from 'vitest/node'
import * as z from 'zod'

export type Source = { readonly file: string; readonly text: string }

export type WriteMethods = {
  /** `file method` of every store's method that sends a write. */
  readonly methods: readonly string[]
  /** `file:line` of such calls that no store's method reaches. */
  readonly unreached: readonly string[]
}

/** `sources` are the files of the adapters, named by their path from the adapters' folder. */
export function writeMethodsOf(sources: readonly Source[]): WriteMethods {
  const modules = new Map(sources.map((source) => [source.file, toModule(source)]))
  const reached = new Set<Node>()

  const reach = (file: string, from: unknown, seen: Set<Node>): boolean => {
    const module = modules.get(file)
    if (!module) return false
    let writes = false
    for (const node of nodesIn(from)) {
      if (isWriteCall(node)) {
        reached.add(node)
        writes = true
      }
      const name = identifierOf(node)
      if (name === undefined) continue
      const imported = module.imports.get(name)
      const home = imported ? imported.file : file
      const declared = modules.get(home)?.functions.get(imported?.name ?? name) ?? []
      for (const one of declared) {
        if (seen.has(one)) continue
        seen.add(one)
        if (reach(home, one, seen)) writes = true
      }
    }
    return writes
  }

  const methods = [...modules].flatMap(([file, { members }]) =>
    [...members]
      .filter(([, member]) => reach(file, member, new Set()))
      .map(([name]) => `${file.replace(/\.ts$/, '')} ${name}`),
  )
  const unreached = [...modules].flatMap(([file, { text, writeCalls }]) =>
    writeCalls
      .filter((call) => !reached.has(call))
      .map(({ start }) => `${file}:${text.slice(0, start).split('\n').length}`),
  )
  return { methods: methods.toSorted(), unreached }
}

type Node = { readonly type: string; readonly start: number }

type Module = {
  readonly text: string
  /** Own functions by name, wherever they are declared. */
  readonly functions: ReadonlyMap<string, readonly Node[]>
  readonly imports: ReadonlyMap<string, { readonly file: string; readonly name: string }>
  /** Members of the objects that the exported `make…` functions return. */
  readonly members: ReadonlyMap<string, Node>
  readonly writeCalls: readonly Node[]
}

const Name = z.object({ name: z.string() })
const FunctionDeclaration = z.object({ type: z.literal('FunctionDeclaration'), id: Name })
const FunctionValue = z.object({
  type: z.literal('VariableDeclarator'),
  id: Name,
  init: z.object({ type: z.enum(['ArrowFunctionExpression', 'FunctionExpression']) }),
})
const Import = z.object({
  type: z.literal('ImportDeclaration'),
  source: z.object({ value: z.string().startsWith('.') }),
  specifiers: z.array(z.object({ local: Name, imported: Name })),
})
const Maker = z.object({
  type: z.literal('ExportNamedDeclaration'),
  declaration: z.object({
    type: z.literal('FunctionDeclaration'),
    id: z.object({ name: z.string().startsWith('make') }),
    body: z.object({ body: z.array(z.unknown()) }),
  }),
})
const ReturnedObject = z.object({
  type: z.literal('ReturnStatement'),
  argument: z.object({ type: z.literal('ObjectExpression'), properties: z.array(z.unknown()) }),
})
const Member = z.object({ type: z.literal('Property'), key: Name, value: z.looseObject({}) })
const Identifier = z.object({ type: z.literal('Identifier'), name: z.string() })
/** One of the database's two clients, by its own name or as a part of the database. */
const Client = z.union([
  z.object({ type: z.literal('Identifier'), name: z.enum(['client', 'once']) }),
  z.object({ type: z.literal('MemberExpression'), property: ofNames('client', 'once') }),
])
const WriteCall = z.object({
  type: z.literal('CallExpression'),
  callee: z.object({
    type: z.literal('MemberExpression'),
    object: Client,
    property: ofNames('put', 'update', 'delete', 'transactWrite'),
  }),
})

function ofNames(...names: readonly string[]) {
  return z.object({ name: z.enum(names) })
}

function toModule({ file, text }: Source): Module {
  const nodes = [...nodesIn(parseAst(text, { lang: 'ts' }))]
  const functions = nodes.flatMap((node) => {
    const declared = parsed(FunctionDeclaration, node) ?? parsed(FunctionValue, node)
    return declared ? [{ name: declared.id.name, node }] : []
  })
  const imports = nodes.flatMap((node) => {
    const found = parsed(Import, node)
    if (!found) return []
    const home = posix.join(posix.dirname(file), found.source.value)
    return found.specifiers.map(
      ({ local, imported }) => [local.name, { file: home, name: imported.name }] as const,
    )
  })
  const members = nodes.flatMap((node) => {
    const statements = parsed(Maker, node)?.declaration.body.body ?? []
    return statements.flatMap((statement) => {
      const properties = parsed(ReturnedObject, statement)?.argument.properties ?? []
      return properties.flatMap((property): [string, Node][] => {
        const member = parsed(Member, property)
        return member && isNode(member.value) ? [[member.key.name, member.value]] : []
      })
    })
  })
  return {
    text,
    functions: new Map(
      [...Map.groupBy(functions, ({ name }) => name)].map(([name, all]) => [
        name,
        all.map(({ node }) => node),
      ]),
    ),
    imports: new Map(imports),
    members: new Map(members),
    writeCalls: nodes.filter(isWriteCall),
  }
}

const parsed = <T>(schema: z.ZodType<T>, value: unknown): T | undefined => {
  const result = schema.safeParse(value)
  return result.success ? result.data : undefined
}

const isWriteCall = (node: Node): boolean => WriteCall.safeParse(node).success
const identifierOf = (node: Node): string | undefined => parsed(Identifier, node)?.name

const isNode = (value: object): value is Node =>
  'type' in value && typeof value.type === 'string' && 'start' in value

function* nodesIn(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return
  if (isNode(value)) yield value
  for (const inner of Object.values(value)) yield* nodesIn(inner)
}
