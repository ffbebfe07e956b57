/** The gateway's bundle as a deployment has it, written once per process and gone with it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allBundles } from '../../infra/constructs/bundle-files.ts'

const entry = 'functions/gateway/server.ts'

let written: string | undefined

/** The file that is started. */
export function deployedGateway(): string {
  written ??= write()
  return written
}

function write(): string {
  const bundle = allBundles().get(entry)
  if (bundle === undefined) throw new Error(`${entry} was not built`)
  const folder = mkdtempSync(join(tmpdir(), 'b3iq-gateway-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const [name, contents] of bundle.files) writeFileSync(join(folder, name), contents)
  return join(folder, 'index.mjs')
}
