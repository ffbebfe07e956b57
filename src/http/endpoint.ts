/**
 * A row of a surface's table of endpoints: what an endpoint takes, what it answers and how it refuses.
 * Documents are generated from these rows and replies are checked against them; no running surface
 * reads them, so they cost no start.
 */
import type * as z from 'zod'
import type { ErrorCode } from '../protocol/errors.ts'

export type Example = { readonly summary: string; readonly value: unknown }

/** Of `text/event-stream` the schema is that of one event's data; of other texts a string. */
export type Media = {
  readonly schema: z.ZodType
  readonly examples?: Readonly<Record<string, Example>>
}

export type Contents = Readonly<Record<string, Media>>

export type EndpointRow<Auth, Header extends string> = {
  readonly operationId: string
  readonly tag: string
  /** A few words, without a full stop. */
  readonly summary: string
  /** What a caller must know besides, in sentences of Markdown. */
  readonly does: string
  readonly auth: Auth
  /** Parts of the path by their names in it. */
  readonly path?: Readonly<Record<string, z.ZodType>>
  readonly query?: z.ZodObject
  /** Headers that change what the request does, besides the one with the key. */
  readonly takes?: z.ZodObject
  readonly body?: Contents
  /** Of the answer that is no error; its status is 200. */
  readonly answer: Contents
  /** Headers of that answer, besides those that every reply has. */
  readonly headers?: readonly Header[]
  readonly errors: readonly ErrorCode[]
}

/** `GET /v1/models/:id{.+}` and the like: method, and path as Hono reads it. */
export type RouteName = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`

export type EndpointTable<Auth, Header extends string> = Readonly<
  Record<RouteName, EndpointRow<Auth, Header>>
>

/** The path as OpenAPI writes it: `/v1/models/{id}`. */
export const templateOf = (path: string): string =>
  path.replace(/:(\w+)(\{[^}]*\})?/g, (_, name: string) => `{${name}}`)

export function partsOf(route: string): { readonly method: string; readonly path: string } {
  const [method = '', path = ''] = route.split(' ')
  return { method, path }
}

/** One JSON document and nothing else. */
export const json = (schema: z.ZodType, examples?: Media['examples']): Contents => ({
  'application/json': examples ? { schema, examples } : { schema },
})
