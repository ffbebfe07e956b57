/**
 * The endpoints of a surface as its table has them, each with a path that can be called. A new row is
 * called from the moment on at which it stands in the table.
 */
import { type EndpointTable, partsOf } from '../../src/http/endpoint.ts'

export type CalledEndpoint<Auth> = {
  readonly route: string
  readonly method: string
  readonly path: string
  readonly auth: Auth
  /** Media types that it takes; empty where it takes no body. */
  readonly takes: readonly string[]
}

/** A ULID, so that it has the shape of ids that are bare, and of no model's or node's. */
const usualPart = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
const usualParts: Readonly<Record<string, string>> = {
  hash: '0'.repeat(64),
  period: '2026-11-16',
}

export function callsOf<Auth>(
  endpoints: EndpointTable<Auth, string>,
  partOf: (name: string, path: string) => string | undefined = () => undefined,
): readonly CalledEndpoint<Auth>[] {
  return Object.entries(endpoints).map(([route, row]) => {
    const { method, path } = partsOf(route)
    const called = path.replace(
      /:(\w+)(\{[^}]*\})?/g,
      (_, name: string) => partOf(name, path) ?? usualParts[name] ?? usualPart,
    )
    return { route, method, path: called, auth: row.auth, takes: Object.keys(row.body ?? {}) }
  })
}
