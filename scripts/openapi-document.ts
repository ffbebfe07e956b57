/** A surface's OpenAPI 3.1 document, made of its table of endpoints and the schemas in it. */
import * as z from 'zod'
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiOverrideContext,
  type ZodOpenApiPathsObject,
  type ZodOpenApiSecuritySchemeObject,
} from 'zod-openapi'
import {
  type Contents,
  type EndpointRow,
  type EndpointTable,
  partsOf,
  templateOf,
} from '../src/http/endpoint.ts'
import { type Document, plainer, withNeededComponents, withNotes } from './openapi-components.ts'
import {
  type ErrorHeaders,
  headerRefs,
  refusalComponents,
  refusalRefs,
} from './openapi-refusals.ts'

type Headers = Readonly<Record<string, z.ZodType>>
type Operation = ZodOpenApiOperationObject

export type SurfaceSpec<Auth> = ErrorHeaders & {
  readonly title: string
  readonly description: string
  readonly server: { readonly url: string; readonly description: string }
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly endpoints: EndpointTable<Auth, string>
  /** Shown under these names wherever they are used. */
  readonly schemas: Readonly<Record<string, z.ZodType>>
  /** What the fields of some of them are for, by schema and field. */
  readonly notes: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Headers of replies, by name. */
  readonly headers: Headers
  readonly everyReply: readonly string[]
  /** Ways to show who calls, by name. */
  readonly keySchemes: Readonly<Record<string, ZodOpenApiSecuritySchemeObject>>
  readonly securityOf: (auth: Auth) => NonNullable<Operation['security']>
}

export function documentOf<Auth>(spec: SurfaceSpec<Auth>): Document {
  const { title, description, server, tags, keySchemes } = spec
  const paths: ZodOpenApiPathsObject = {}
  for (const [route, row] of Object.entries(spec.endpoints)) {
    const { method, path } = partsOf(route)
    const template = templateOf(path)
    paths[template] = { ...paths[template], [method.toLowerCase()]: operationOf(spec, row) }
  }
  const made = createDocument(
    {
      openapi: '3.1.0',
      info: {
        title,
        version: '1',
        description,
        license: { name: 'Apache License 2.0', identifier: 'Apache-2.0' },
      },
      servers: [server],
      tags: [...tags],
      paths,
      components: {
        schemas: spec.schemas,
        headers: optional(spec.headers),
        responses: refusalComponents(spec.endpoints, spec),
        securitySchemes: { ...keySchemes },
      },
    },
    { override: open },
  )
  return withNotes(plainer(withNeededComponents(made)), spec.notes)
}

function operationOf<Auth>(spec: SurfaceSpec<Auth>, row: EndpointRow<Auth, string>): Operation {
  const { operationId, tag, summary, does, path, query, takes, body } = row
  const requestParams = {
    ...(path ? { path: z.object(path) } : {}),
    ...(query ? { query } : {}),
    ...(takes ? { header: takes } : {}),
  }
  const answer = {
    description: 'The answer.',
    headers: headerRefs([...spec.everyReply, ...(row.headers ?? [])]),
    content: contentOf(row.answer),
  }
  return {
    operationId,
    tags: [tag],
    summary,
    description: does,
    security: spec.securityOf(row.auth),
    ...(Object.keys(requestParams).length > 0 ? { requestParams } : {}),
    ...(body ? { requestBody: { required: true, content: contentOf(body) } } : {}),
    responses: { '200': answer, ...refusalRefs(spec.endpoints, row.errors) },
  }
}

/** zod-openapi fills in what it is given; the tables stay as they are. */
const contentOf = (contents: Contents) =>
  Object.fromEntries(
    Object.entries(contents).map(([type, { schema, examples }]) => [
      type,
      { schema, ...(examples ? { examples: { ...examples } } : {}) },
    ]),
  )

/** Which of them a reply has depends on how it came about. */
const optional = (headers: Headers) =>
  Object.fromEntries(Object.entries(headers).map(([name, schema]) => [name, schema.optional()]))

/** Replies may gain fields: nothing shuts them out of what a client generates. */
function open({ jsonSchema, io }: ZodOpenApiOverrideContext): void {
  if (io === 'output' && jsonSchema.additionalProperties === false) {
    delete jsonSchema.additionalProperties
  }
}
