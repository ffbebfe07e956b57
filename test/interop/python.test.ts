// The official OpenAI SDK for Python, and a property-based run over the published OpenAPI document, against
// the running product. Skipped where `scripts/python-env.mjs` could not make their environment.
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type LocalStack, newCustomer, startLocalStack } from '../support/local-stack.ts'

const folder = join(import.meta.dirname, 'python')
const environment = join(import.meta.dirname, '..', '..', '.interop', 'python')
const binary = (name: string) => join(environment, 'bin', name)
const isThere = existsSync(join(environment, '.stamp'))
if (!isThere) console.warn('The Python lane is skipped: its environment is not there.')

const run = promisify(execFile)
const runWithinMs = 240_000

const Line = z.object({ name: z.string(), outcome: z.string(), detail: z.string() })
const program = readFileSync(join(folder, 'openai_program.py'), 'utf8')
const names = [...program.matchAll(/def (test_\w+)/g)].map(([, name]) => name ?? '')

describe.skipIf(!isThere)('in Python', () => {
  let stack: LocalStack
  const outcomes = new Map<string, z.infer<typeof Line>>()
  let keys: Readonly<Record<string, string>>

  beforeAll(async () => {
    stack = await startLocalStack()
    keys = await keysOf(stack)
    const { stdout } = await run(binary('python'), ['report.py', 'openai_program'], {
      cwd: folder,
      timeout: runWithinMs,
      maxBuffer: 16 * 1024 * 1024,
      env: {
        PATH: process.env.PATH,
        PYTHONDONTWRITEBYTECODE: '1',
        B3IQ_BASE_URL: `${stack.ready.gatewayUrl}/v1`,
        B3IQ_MODEL: stack.ready.model,
        B3IQ_EMBEDDING_MODEL: await embeddingModelOf(stack),
        B3IQ_KEYS: JSON.stringify(keys),
      },
    })
    for (const line of stdout.split('\n').filter((one) => one.startsWith('{'))) {
      const said = Line.parse(JSON.parse(line))
      outcomes.set(said.name, said)
    }
  }, 400_000)
  afterAll(() => stack?.stop())

  test.each(names)('%s', (name) => {
    const said = outcomes.get(name)
    expect(said?.outcome, said?.detail ?? 'it did not run').toBe('passed')
  })

  // No 5xx, no answer that the document does not describe, whatever is sent.
  test('the OpenAPI document holds for generated requests', { timeout: 300_000 }, async () => {
    const { status, output } = await schemathesis(stack, keys.full ?? '')
    expect(status, output).toBe(0)
  })
})

async function schemathesis(stack: LocalStack, key: string) {
  const checks =
    'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance'
  const args = [
    'run',
    `${stack.ready.gatewayUrl}/v1/openapi.json`,
    `--url=${stack.ready.gatewayUrl}`,
    `--checks=${checks}`,
    `--header=Authorization: Bearer ${key}`,
    '--phases=examples,coverage,fuzzing',
    '--max-examples=10',
    '--seed=20261121',
    '--workers=1',
    '--request-timeout=30',
    '--no-color',
  ]
  try {
    const { stdout } = await run(binary('st'), args, {
      timeout: runWithinMs,
      maxBuffer: 64 * 1024 * 1024,
    })
    return { status: 0, output: stdout }
  } catch (error) {
    const Failed = z.looseObject({ code: z.unknown(), stdout: z.string(), stderr: z.string() })
    const { code, stdout, stderr } = Failed.parse(error)
    return { status: code, output: `${stdout}\n${stderr}`.slice(-20_000) }
  }
}

async function embeddingModelOf({ ready }: LocalStack): Promise<string> {
  const Models = z.object({
    data: z.array(
      z.object({
        id: z.string(),
        architecture: z.object({ output_modalities: z.array(z.string()) }),
      }),
    ),
  })
  const response = await fetch(`${ready.gatewayUrl}/v1/models`)
  const { data } = Models.parse(await response.json())
  const found = data.find(({ architecture }) =>
    architecture.output_modalities.includes('embeddings'),
  )
  if (!found) throw new Error('the stack sells no embedding model')
  return found.id
}

async function keysOf(stack: LocalStack): Promise<Readonly<Record<string, string>>> {
  const Key = z.object({ key: z.string() })
  const [rich, poor] = [await newCustomer(stack, '5'), await newCustomer(stack, '0.000000001')]
  const keyOf = async (accountId: string, draft: object) => {
    const body = { account_id: accountId, name: 'interop', ...draft }
    return (await stack.admin.send('POST', '/admin/keys', body, Key)).key
  }
  return {
    full: await keyOf(rich.accountId, { scopes: ['inference', 'billing:read'] }),
    reader: await keyOf(rich.accountId, { scopes: ['billing:read'] }),
    limited: await keyOf(rich.accountId, { limits: { requests_per_minute: 1 } }),
    poor: await keyOf(poor.accountId, {}),
    wrong: 'sk-b3iq-p1-0000000000000000000000000000000000000000000',
  }
}
