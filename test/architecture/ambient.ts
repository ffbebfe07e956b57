/**
 * Time, ids, randomness, network and the environment come in through ports, so that the domain runs
 * the same in a test, a simulation and on AWS. Under src only adapters may take them from the air.
 */
import type { SourceFile } from './source-file.ts'

const ambientUse =
  /^(Date\.now|new Date\(\)|Date\(\)|Math\.random|performance\.now|(crypto\.)?randomUUID(\(\))?|(process|console|globalThis)\.\w+|(setTimeout|setInterval|setImmediate|queueMicrotask|fetch)\(\))$/
const ambientImport = /^random/
const ambientModule =
  /^node:(fs|net|https?|http2|tls|dns|dgram|child_process|worker_threads|os|process|timers|perf_hooks)(\/|$)/

/** Places that stay, each with its reason. A row that is no longer needed fails the test. */
export const ambientExceptions: readonly { file: string; name: string; reason: string }[] = [
  {
    file: 'src/fleet/route-policy.ts',
    name: 'node:net',
    reason: 'BlockList and isIP compare addresses and open no connection',
  },
]

export type AmbientUse = { readonly file: string; readonly name: string; readonly line: number }

/** What `file` takes from the air, exceptions included. */
export function ambientUses(file: SourceFile): AmbientUse[] {
  if (!file.path.startsWith('src/') || file.path.startsWith('src/adapters/')) return []
  const at = (name: string, line: number) => ({ file: file.path, name, line })
  const used = file.uses.filter(({ name }) => ambientUse.test(name))
  const imported = file.imports.flatMap(({ specifier, names, line }) => [
    ...(ambientModule.test(specifier) ? [at(specifier, line)] : []),
    ...(specifier === 'node:crypto' ? names : [])
      .filter((name) => ambientImport.test(name))
      .map((name) => at(name, line)),
  ])
  return [...used.map(({ name, line }) => at(name, line)), ...imported]
}

export function ambientViolations(file: SourceFile): string[] {
  return ambientUses(file)
    .filter((use) => !ambientExceptions.some((one) => isSame(one, use)))
    .map(
      ({ name, line }) =>
        `${file.path}:${line} uses ${name}: take it through a port, only adapters reach for it`,
    )
}

export function staleExceptions(files: readonly SourceFile[]): string[] {
  const uses = files.flatMap(ambientUses)
  return ambientExceptions
    .filter((one) => !uses.some((use) => isSame(one, use)))
    .map(({ file, name }) => `${file} no longer uses ${name}: remove its row from ambient.ts`)
}

type Named = { readonly file: string; readonly name: string }

const isSame = (one: Named, other: Named): boolean =>
  one.file === other.file && one.name === other.name
