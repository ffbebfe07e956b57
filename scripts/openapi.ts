/**
 * Writes what is generated from the tables of endpoints: a document per surface, and their reference. With
 * `--check` nothing is written, and what is out of date ends it with 1.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { documentOf } from './openapi-document.ts'
import { apiReference } from './openapi-reference.ts'
import { adminSpec, gatewaySpec, ingestSpec } from './openapi-surfaces.ts'

const folder = new URL('../docs/api/', import.meta.url)

/** By name in `docs/api`. */
export const generatedFiles = (): Readonly<Record<string, string>> => ({
  'openapi.json': asText(documentOf(gatewaySpec)),
  'admin.json': asText(documentOf(adminSpec)),
  'ingest.json': asText(documentOf(ingestSpec)),
  'README.md': apiReference(),
})

export function committedFile(name: string): string | undefined {
  const file = new URL(name, folder)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

const asText = (document: object): string => `${JSON.stringify(document, null, 1)}\n`

function main(args: readonly string[]): void {
  const stale = Object.entries(generatedFiles()).filter(
    ([name, text]) => committedFile(name) !== text,
  )
  if (!args.includes('--check')) {
    for (const [name, text] of stale) writeFileSync(new URL(name, folder), text)
    return
  }
  for (const [name] of stale) console.error(`docs/api/${name} is out of date: npm run openapi`)
  if (stale.length > 0) process.exitCode = 1
}

if (import.meta.main) main(process.argv.slice(2))
