/** Refusals of a document: one reply for each status and set of codes, shared by the operations that have it. */
import type { ZodOpenApiResponseObject } from 'zod-openapi'
import type { EndpointTable } from '../src/http/endpoint.ts'
import { type ErrorCode, errorTable } from '../src/protocol/errors.ts'

type Table = EndpointTable<unknown, string>
type Refusal = { readonly status: number; readonly codes: readonly ErrorCode[] }

export type ErrorHeaders = {
  /** On every error. */
  readonly everyError: readonly string[]
  /** On 429s: which limit was met. */
  readonly kindHeader?: string
  /** On errors that limits and caps of a key bring. */
  readonly limitErrors: {
    readonly codes: readonly ErrorCode[]
    readonly headers: readonly string[]
  }
}

/** Under the name of each the reply, in the order in which the table first has them. */
export function refusalComponents(
  table: Table,
  headers: ErrorHeaders,
): Record<string, ZodOpenApiResponseObject> {
  return Object.fromEntries(
    [...namesIn(table)].map(([, { name, refusal }]) => [name, replyOf(refusal, headers)]),
  )
}

/** By status, references to them. */
export function refusalRefs(table: Table, codes: readonly ErrorCode[]) {
  const names = namesIn(table)
  return Object.fromEntries(
    refusalsOf(codes).map((refusal) => {
      const name = names.get(keyOf(refusal))?.name
      return [String(refusal.status), { $ref: `#/components/responses/${name}` }]
    }),
  )
}

const keyOf = ({ codes }: Refusal): string => codes.toSorted().join()

function namesIn(table: Table) {
  const names = new Map<string, { readonly name: string; readonly refusal: Refusal }>()
  for (const refusal of Object.values(table).flatMap(({ errors }) => refusalsOf(errors))) {
    if (names.has(keyOf(refusal))) continue
    const before = [...names.values()].filter(
      ({ refusal: { status } }) => status === refusal.status,
    )
    const name = `Refused${refusal.status}${'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[before.length] ?? ''}`
    names.set(keyOf(refusal), { name, refusal })
  }
  return names
}

function refusalsOf(codes: readonly ErrorCode[]): Refusal[] {
  const byStatus = Map.groupBy(new Set(codes), (code) => errorTable[code].status)
  return [...byStatus]
    .map(([status, codes]) => ({ status, codes }))
    .toSorted((one, other) => one.status - other.status)
}

function replyOf(
  { status, codes }: Refusal,
  { everyError, limitErrors, kindHeader }: ErrorHeaders,
): ZodOpenApiResponseObject {
  const waits = codes.some((code) => errorTable[code].retryable)
  const kind = status === 429 && kindHeader !== undefined ? [kindHeader] : []
  const isLimit = codes.some((code) => limitErrors.codes.includes(code))
  const limited = [...kind, ...(isLimit ? limitErrors.headers : [])]
  const names = [...everyError.filter((name) => waits || name !== 'retry-after'), ...limited]
  return {
    description: codes.map((code) => `\`${code}\`: ${errorTable[code].message}`).join('\n\n'),
    headers: headerRefs(names),
    content: { 'application/json': { schema: schemaOf(codes) } },
  }
}

const schemaOf = (codes: readonly ErrorCode[]) => ({
  allOf: [
    { $ref: '#/components/schemas/ErrorReply' },
    {
      type: 'object' as const,
      properties: {
        error: { type: 'object' as const, properties: { code: { enum: [...codes] } } },
      },
    },
  ],
})

export const headerRefs = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
