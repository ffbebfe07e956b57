/**
 * Every refusal that an app gives is looked through as it goes out: what a stranger could learn from is
 * in none, whatever the test that caused it is about.
 */
import type { Hono } from 'hono'
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import type { SurfaceEnv } from '../../src/http/surface.ts'

/** Stands in bodies of requests: a refusal that has it echoes what was sent. */
export const canary = 'canary-7f3a91'

const bytesMax = 4 * 1024

const insides: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a frame of a stack', /\bat \S+ \(|\.[cm]?[jt]s:\d+/],
  ['a path', /node_modules|node:internal|file:\/\/|\/(src|functions|home|tmp|var)\//],
  ['the database', /dynamo|ConditionalCheck|ValidationException|ResourceNotFound|ECONN/i],
  ['a key of an item', /\b(acct-keys|keyid|key|op|join|claim|pool|fleet)#/],
  ['an address', /127\.0\.0\.1|localhost|\.on\.aws/],
  ['a secret by its shape', /(sk|op)-b3iq-[a-z0-9]+-[A-Za-z0-9_-]{43}|b3iq-join-|PRIVATE KEY/],
  ['what was sent', new RegExp(canary)],
]

/** `secrets` are looked for letter by letter. */
export function guardingErrors(
  app: Hono<SurfaceEnv>,
  of: { readonly secrets: readonly string[]; readonly tables: Database['tables'] },
): Hono<SurfaceEnv> {
  const answer = app.fetch
  const words = [...of.secrets, ...Object.values(of.tables)]
  app.fetch = async (request, ...rest) => {
    const response = await answer(request, ...rest)
    if (response.status >= 400 && request.method !== 'HEAD') await guard(response.clone(), words)
    return response
  }
  return app
}

async function guard(response: Response, words: readonly string[]): Promise<void> {
  const body = await response.text()
  const all = `${JSON.stringify([...response.headers])} ${body}`
  const fault = (what: string) => new Error(`${response.status} tells ${what}: ${body}`)
  for (const [what, pattern] of insides) if (pattern.test(all)) throw fault(what)
  for (const word of words) if (all.includes(word)) throw fault('a secret')
  if (response.headers.get('content-type') !== 'application/json') throw fault('no JSON')
  if (Buffer.byteLength(body) > bytesMax) throw fault(`more than ${bytesMax} bytes`)
}
