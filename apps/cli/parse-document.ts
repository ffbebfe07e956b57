/** Text of a file or a reply into a checked document; a refusal says where the text departs from it. */
import type * as z from 'zod'
import { type Outcome, ok, refuse } from './outcome.ts'

/** `source` and `kind` begin the refusal: "FILE is not a receipt: ...". */
export function parseDocument<T>(
  text: string,
  schema: z.ZodType<T>,
  { source, kind }: { readonly source: string; readonly kind: string },
): Outcome<T> {
  const json = parseJson(text)
  if (!json.ok) return refuse(`${source} is not ${kind}: it is not JSON.`)
  const parsed = schema.safeParse(json.value)
  if (parsed.success) return ok(parsed.data)
  const [issue] = parsed.error.issues
  const place = issue && issue.path.length > 0 ? `at "${issue.path.join('.')}": ` : ''
  return refuse(`${source} is not ${kind}: ${place}${issue?.message}.`)
}

function parseJson(text: string): Outcome<unknown> {
  try {
    return ok(JSON.parse(text))
  } catch {
    return refuse('not JSON')
  }
}
