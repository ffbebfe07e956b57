/** The operator's side of the laptop stack: the same admin API that every operator uses. */
import * as z from 'zod'
import { StatedError } from '../host/stated-error.ts'

const requestTimeoutMs = 15_000

export type AdminClient = {
  readonly send: <T>(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body: unknown,
    schema: z.ZodType<T>,
  ) => Promise<T>
}

const Failure = z.object({ error: z.object({ message: z.string() }) })

export function makeAdminClient(
  adminUrl: string,
  headers: Readonly<Record<string, string>>,
): AdminClient {
  return {
    send: async (method, path, body, schema) => {
      const response = await fetch(`${adminUrl}${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(requestTimeoutMs),
      })
      const json: unknown = await response.json()
      if (response.ok) return schema.parse(json)
      const failure = Failure.safeParse(json)
      const reason = failure.success ? failure.data.error.message : `status ${response.status}`
      throw new StatedError(`${method} ${path} was refused: ${reason}`)
    },
  }
}
