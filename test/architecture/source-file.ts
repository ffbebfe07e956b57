/**
 * A source file as the rules see it: what it imports, types included, and which members and calls
 * it names. Read from the syntax tree, so that comments and strings can say anything.
 */
import { posix } from 'node:path'
import { parseAst } from 'vitest/node'
import * as z from 'zod'

export type Import = {
  /** As it is written; empty where it is computed. */
  readonly specifier: string
  /** Path from the repository root for our own files, the specifier for packages. */
  readonly target: string
  /** Imported names, `*` for a namespace; empty where a statement imports without names. */
  readonly names: readonly string[]
  readonly isTypeOnly: boolean
  readonly line: number
}

/** A member such as `Date.now` or a call such as `fetch()`. */
export type Use = { readonly name: string; readonly line: number }

export type SourceFile = {
  /** From the repository root, with slashes. */
  readonly path: string
  readonly lineCount: number
  readonly imports: readonly Import[]
  readonly uses: readonly Use[]
}

/** Throws the parser's error for text that is no program. */
export function parseSource(path: string, text: string): SourceFile {
  const lang = path.endsWith('.tsx') ? 'tsx' : path.endsWith('.ts') ? 'ts' : 'js'
  const nodes = [...nodesIn(parseAst(text, { lang }))]
  const lineOf = ({ start }: Node) => text.slice(0, start).split('\n').length
  const imports = nodes.flatMap((node) => {
    const found = importOf(node)
    if (!found) return []
    const target = found.specifier.startsWith('.')
      ? posix.join(posix.dirname(path), found.specifier)
      : found.specifier
    return [{ ...found, target, line: lineOf(node) }]
  })
  const uses = nodes.flatMap((node) => {
    const name = useOf(node)
    return name === undefined ? [] : [{ name, line: lineOf(node) }]
  })
  return { path, lineCount: text.trimEnd().split('\n').length, imports, uses }
}

type Node = { readonly type: string; readonly start: number }

const isNode = (value: object): value is Node =>
  'type' in value && typeof value.type === 'string' && 'start' in value

function* nodesIn(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return
  if (isNode(value)) yield value
  for (const inner of Object.values(value)) yield* nodesIn(inner)
}

const kind = z.enum(['type', 'value']).optional()
const Text = z.object({ value: z.string() })
const ImportStatement = z.object({
  source: Text.nullable(),
  importKind: kind,
  exportKind: kind,
  specifiers: z
    .array(
      z.object({
        type: z.string(),
        importKind: kind,
        imported: z.object({ name: z.string() }).optional(),
      }),
    )
    .default([]),
})
const ComputedImport = z.object({ source: z.unknown() })

function importOf(node: Node): Omit<Import, 'target' | 'line'> | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return fromStatement(ImportStatement.parse(node))
    case 'ImportExpression':
    case 'TSImportType': {
      const source = Text.safeParse(ComputedImport.parse(node).source)
      const specifier = source.success ? source.data.value : ''
      return { specifier, names: [], isTypeOnly: node.type === 'TSImportType' }
    }
    default:
      return undefined
  }
}

function fromStatement({
  source,
  importKind,
  exportKind,
  specifiers,
}: z.infer<typeof ImportStatement>): Omit<Import, 'target' | 'line'> | undefined {
  if (!source) return undefined
  const names = specifiers.map(({ type, imported }) =>
    type === 'ImportNamespaceSpecifier' ? '*' : (imported?.name ?? 'default'),
  )
  const onlyTypes = specifiers.length > 0 && specifiers.every((one) => one.importKind === 'type')
  const isTypeOnly = importKind === 'type' || exportKind === 'type' || onlyTypes
  return { specifier: source.value, names, isTypeOnly }
}

const Identifier = z.object({ type: z.literal('Identifier'), name: z.string() })
const Member = z.object({
  computed: z.literal(false),
  object: Identifier,
  property: z.object({ name: z.string() }),
})
const Call = z.object({ callee: Identifier, arguments: z.array(z.unknown()) })

function useOf(node: Node): string | undefined {
  switch (node.type) {
    case 'MemberExpression': {
      const member = Member.safeParse(node)
      return member.success ? `${member.data.object.name}.${member.data.property.name}` : undefined
    }
    case 'CallExpression': {
      const call = Call.safeParse(node)
      return call.success ? `${call.data.callee.name}()` : undefined
    }
    case 'NewExpression': {
      const made = Call.safeParse(node)
      const isNow = made.success && made.data.arguments.length === 0
      return isNow ? `new ${made.data.callee.name}()` : undefined
    }
    default:
      return undefined
  }
}
