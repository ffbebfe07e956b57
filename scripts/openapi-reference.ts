/** `docs/api/README.md`: the endpoints of every surface at a glance, from the same tables as the documents. */
import * as adminCodes from '../src/admin/api/row.ts'
import * as codes from '../src/gateway/api/error-codes.ts'
import { type EndpointTable, partsOf, templateOf } from '../src/http/endpoint.ts'
import * as ingestCodes from '../src/ingest/api/row.ts'
import type { ErrorCode } from '../src/protocol/errors.ts'
import { adminSpec, gatewaySpec, ingestSpec } from './openapi-surfaces.ts'

/** The largest first: a row is told by the first that it has whole, and what it has besides. */
const namedSets: readonly (readonly [name: string, codes: readonly ErrorCode[]])[] = [
  ['paid', codes.paid],
  ['taken', adminCodes.taken],
  ['told', adminCodes.told],
  ['acted', adminCodes.acted],
  ['looked', adminCodes.looked],
  ['signed with a body', ingestCodes.bodied],
  ['signed', ingestCodes.signed],
  ['operated', adminCodes.operated],
  ['scoped', codes.scoped],
  ['keyed', codes.keyed],
  ['always', codes.always],
]

export function apiReference(): string {
  return `# The HTTP APIs

<!-- Written by \`npm run openapi\` from the tables of endpoints; do not edit. -->

Customers call the gateway. [openapi.json](openapi.json) is its OpenAPI 3.1 document, which every gateway
serves at \`GET /v1/openapi.json\`. What the error codes mean is in [errors.md](../errors.md). Every path and
method that is not listed is answered with 404 \`not_found\` or 405 \`method_not_allowed\`.

## Gateway

| endpoint | key | does | errors |
|---|---|---|---|
${rowsOf(gatewaySpec.endpoints, gatewayAuth).join('\n')}

## Admin

Operators call it with their keys, and each endpoint takes a role or one above it: viewer, support, operator,
owner. [admin.json](admin.json) is its document.

| endpoint | role | does | errors |
|---|---|---|---|
${rowsOf(adminSpec.endpoints, String).join('\n')}

## Ingest

Agents call it, with requests that the node's own key signs. [ingest.json](ingest.json) is its document.

| endpoint | proof | does | errors |
|---|---|---|---|
${rowsOf(ingestSpec.endpoints, String).join('\n')}

## Errors that come together

${[...namedSets, ['bodied', codes.bodied] as const].map(([name, set]) => `- *${name}*: ${listed(set)}`).join('\n')}
`
}

const gatewayAuth = (auth: string): string => {
  if (auth === 'none') return 'none'
  if (auth === 'optional') return 'optional'
  return auth === 'any_key' ? 'any' : `scope \`${auth}\``
}

function rowsOf<Auth>(table: EndpointTable<Auth, string>, told: (auth: Auth) => string): string[] {
  return Object.entries(table).map(([route, { auth, summary, errors }]) => {
    const { method, path } = partsOf(route)
    return `| ${method} \`${templateOf(path)}\` | ${told(auth)} | ${summary} | ${errorsOf(errors)} |`
  })
}

function errorsOf(errors: readonly ErrorCode[]): string {
  const [name, set] = namedSets.find(([, set]) => isWithin(set, errors)) ?? ['', []]
  const others = errors.filter((code) => !set.includes(code))
  const hasBody = isWithin(codes.bodied, others)
  const rest = hasBody ? others.filter((code) => !codes.bodied.includes(code)) : others
  const names = [name, hasBody ? 'bodied' : ''].filter((one) => one !== '')
  return [...names.map((one) => `*${one}*`), ...(rest.length > 0 ? [listed(rest)] : [])].join(', ')
}

const isWithin = (set: readonly ErrorCode[], errors: readonly ErrorCode[]): boolean =>
  set.every((code) => errors.includes(code))

const listed = (set: readonly ErrorCode[]): string => set.map((code) => `\`${code}\``).join(', ')
