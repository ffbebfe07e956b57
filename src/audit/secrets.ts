/**
 * What must not be written down. Secrets of ours are known by their shape, wherever in a document they
 * stand, so that no route can forget to take its own out.
 */
import * as z from 'zod'

/** Keys of customers and operators, and join codes. */
const secret = /(?:(?:sk|op)-b3iq-[a-z0-9]{1,8}-[A-Za-z0-9_-]{43}|b3iq-join-[A-Za-z0-9_-]{16,})/g

const Json = z.json()
export type Json = z.infer<typeof Json>

/** As JSON: a field that was a secret is null, and what held one has it cut out. */
export function withoutSecrets(document: unknown): Json {
  const text = JSON.stringify(document ?? null, (_, inner: unknown) =>
    typeof inner === 'string' ? cutOut(inner) : inner,
  )
  return Json.parse(JSON.parse(text))
}

function cutOut(text: string): string | null {
  const rest = text.replace(secret, '[removed]')
  return rest === '[removed]' ? null : rest
}
