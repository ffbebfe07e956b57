/** Where `scripts/lambda-runtime.mjs` put what handlers run in, and whether it could. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '..', '..', '..', '.interop', 'lambda')

export const adapter = join(folder, 'adapter', 'bin', 'lambda-adapter')
export const runtimeClient = join(folder, 'ric', 'node_modules', 'aws-lambda-ric', 'index.mjs')

/** False, and a notice, where the tool is not there. */
export function isThere(tool: 'adapter' | 'ric'): boolean {
  const isMade = existsSync(join(folder, tool, '.stamp'))
  if (!isMade)
    console.warn(`The Lambda lane of ${tool} is skipped: run scripts/lambda-runtime.mjs.`)
  return isMade
}
