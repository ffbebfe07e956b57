import { createConfig, lintFromString } from '@redocly/openapi-core'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { committedFile, generatedFiles } from '../../scripts/openapi.ts'
import { adminSpec, gatewaySpec, ingestSpec } from '../../scripts/openapi-surfaces.ts'
import { requestNotes } from '../../src/gateway/api/request-notes.ts'
import type { Contents, EndpointTable } from '../../src/http/endpoint.ts'
import { errorTable } from '../../src/protocol/errors.ts'

const generated = generatedFiles()
const documents = Object.keys(generated).filter((name) => name.endsWith('.json'))
const tables: readonly EndpointTable<unknown, string>[] = [
  gatewaySpec.endpoints,
  adminSpec.endpoints,
  ingestSpec.endpoints,
]

test.each(Object.keys(generated))('docs/api/%s is what the tables say', (name) => {
  // A diff of a whole document would bury what to do.
  const isCurrent = committedFile(name) === generated[name]
  expect(isCurrent, `${name} is out of date: npm run openapi`).toBe(true)
})

describe.each(documents)('%s', (name) => {
  const source = generated[name] ?? ''

  test('is sound OpenAPI 3.1 by the rules that Redocly recommends', async () => {
    const config = await createConfig({ extends: ['recommended-strict'] })
    const problems = await lintFromString({ source, absoluteRef: name, config })
    const found = problems.map(({ ruleId, location }) => `${ruleId} ${location[0]?.pointer}`)
    expect(found.filter((one) => !isMeant(one))).toEqual([])
  })

  test('names every code that any surface answers', () => {
    const codes = z
      .object({ components: z.object({ schemas: z.object({ ErrorCode: z.unknown() }) }) })
      .parse(JSON.parse(source))
    expect(codes.components.schemas.ErrorCode).toMatchObject({ enum: Object.keys(errorTable) })
  })
})

/** These take nothing that could be wrong: whoever reaches them is answered, or met a fault of ours. */
const answerAnyone = [
  '/v1/models',
  '/v1/billing/policy',
  '/v1/openapi.json',
  '/.well-known/b3iq/keys.json',
  '/healthz',
]
const isMeant = (problem: string): boolean =>
  answerAnyone.some(
    (path) =>
      problem === `operation-4xx-response #/paths/${path.replaceAll('/', '~1')}/get/responses`,
  )

test('every field of a request that is paid for says what it is for', () => {
  const Schema = z.object({ properties: z.record(z.string(), z.looseObject({})) })
  const { components } = z
    .object({ components: z.object({ schemas: z.record(z.string(), z.unknown()) }) })
    .parse(JSON.parse(generated['openapi.json'] ?? ''))
  const untold = Object.keys(requestNotes).flatMap((name) =>
    Object.entries(Schema.parse(components.schemas[name]).properties)
      .filter(([, { description }]) => description === undefined)
      .map(([field]) => `${name}.${field}`),
  )
  expect(untold).toEqual([])
})

describe('examples', () => {
  const rows = tables.flatMap((table) => Object.entries(table))
  const shown = rows.flatMap(([route, { body = {}, answer }]) =>
    [body, answer].flatMap((contents: Contents) =>
      Object.entries(contents).flatMap(([type, { schema, examples = {} }]) =>
        Object.entries(examples).map(([name, { value }]) => ({ route, type, name, schema, value })),
      ),
    ),
  )

  test.each(shown)('$route $type $name is what its schema takes', ({ schema, value }) => {
    expect(schema.safeParse(value).error).toBeUndefined()
  })

  test('show chats, responses and embeddings', () => {
    for (const path of ['chat/completions', 'responses', 'embeddings']) {
      expect(shown.map(({ route }) => route)).toContain(`POST /v1/${path}`)
    }
  })
})
