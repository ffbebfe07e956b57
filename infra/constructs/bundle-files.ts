/**
 * The code that is deployed: every entry file with all that it imports, minified; code that is loaded at its first
 * use has files of its own. esbuild runs in this process.
 */
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { buildSync, type Metafile } from 'esbuild'
import {
  type BundlePart,
  type BundleParts,
  budgetOf,
  bundleBudgets,
  bundleFaults,
} from './bundle-budgets.ts'

export const repositoryRoot = join(import.meta.dirname, '..', '..')

export type Bundle = BundleParts & {
  /** What is written, by name: `index.mjs`, what it imports, and their maps. */
  readonly files: ReadonlyMap<string, string | Uint8Array>
}

/** Throws where it is heavier than its budget, or carries what it must not. `files` lie beside it. */
export function writeBundle(entry: string, files: readonly string[], outputDir: string): void {
  const budget = budgetOf(entry)
  const bundle = allBundles().get(entry)
  if (bundle === undefined) throw new Error(`${entry} was not built.`)
  const [fault] = bundleFaults(entry, bundle, budget)
  if (fault !== undefined) throw new Error(fault)
  for (const [name, contents] of bundle.files) writeFileSync(join(outputDir, name), contents)
  for (const file of files) {
    const copy = join(outputDir, basename(file))
    copyFileSync(join(repositoryRoot, file), copy)
    // Whatever a checkout's umask made of it: Lambda executes scripts themselves.
    chmodSync(copy, file.endsWith('.sh') ? 0o755 : 0o644)
  }
}

let built: ReadonlyMap<string, Bundle> | undefined

/** By entry. Built once per process: the sources do not change under a synthesis. */
export function allBundles(): ReadonlyMap<string, Bundle> {
  built ??= buildAll()
  return built
}

/** Entries of one folder have one composition, and so one run, which reads once what they share. */
function buildAll(): ReadonlyMap<string, Bundle> {
  const byFolder = Object.groupBy(Object.keys(bundleBudgets), (entry) => dirname(entry))
  return new Map(Object.values(byFolder).flatMap((entries = []) => build(entries)))
}

/**
 * Customers wait for its start, which is one file: as if every file imported the entry, which imports what a start
 * loads, all of that is shared by all. Otherwise there is a file for each set of later ones that share it, 23 here.
 * Nothing may wait at the top level of such an entry: code that is loaded meanwhile would wait for it as well.
 */
const server = 'functions/gateway/server.ts'

function build(entries: readonly string[]): readonly (readonly [string, Bundle])[] {
  const nameOf = (entry: string) => entry.replaceAll('/', '-').replace(/\.ts$/, '')
  const { metafile, outputFiles } = buildSync({
    absWorkingDir: repositoryRoot,
    inject: entries.includes(server) ? [join(repositoryRoot, server)] : [],
    splitting: true,
    // As if each lay in the root: its map then names sources from there, and so do traces of stacks.
    entryPoints: entries.map((entry) => ({ in: entry, out: nameOf(entry) })),
    outdir: repositoryRoot,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'part-[hash]',
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    sourcemap: 'external',
    sourcesContent: false,
    mainFields: ['module', 'main'],
    // A person's chain of credentials, which is all of the SDK that a start could reach.
    alias: {
      '@aws-sdk/credential-provider-node': join(
        repositoryRoot,
        'functions/deployed-credentials.ts',
      ),
    },
    // Packages in CommonJS call require, which an ES module lacks.
    banner: {
      js: "import{createRequire as b3iqRequire}from'node:module';const require=b3iqRequire(import.meta.url);",
    },
    logLevel: 'warning',
    metafile: true,
  })
  const contentsOf = new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]))
  return entries.map((entry) => {
    const index = `${nameOf(entry)}.mjs`
    const start = reached(metafile, index, ['import-statement'])
    const whole = reached(metafile, index, ['import-statement', 'dynamic-import'])
    const later = [...whole].filter((name) => !start.has(name))
    const files = [...whole].flatMap((name): (readonly [string, string | Uint8Array])[] => {
      const [code, map] = [contentsOf.get(name), contentsOf.get(`${name}.map`)]
      if (!code || !map) throw new Error(`esbuild made no bundle of ${entry}.`)
      const written = name === index ? 'index.mjs' : name
      const text = `${Buffer.from(code).toString('utf8')}//# sourceMappingURL=${written}.map\n`
      return [
        [written, text],
        [`${written}.map`, map],
      ]
    })
    const parts = { start: weigh(metafile, start), later: weigh(metafile, later) }
    return [entry, { files: new Map(files), ...parts }]
  })
}

/** Names of outputs: `first`, and what it imports in these ways, and so on. */
function reached(
  { outputs }: Metafile,
  first: string,
  kinds: readonly string[],
): ReadonlySet<string> {
  const names = new Set([first])
  // A set is walked in order of insertion: what is added here is walked as well.
  for (const name of names) {
    for (const { path, kind } of outputs[name]?.imports ?? []) {
      if (kinds.includes(kind) && Object.hasOwn(outputs, path)) names.add(path)
    }
  }
  return names
}

function weigh({ outputs }: Metafile, names: Iterable<string>): BundlePart {
  const inputs = new Map<string, number>()
  let bytes = 0
  for (const name of names) {
    bytes += outputs[name]?.bytes ?? 0
    for (const [path, { bytesInOutput }] of Object.entries(outputs[name]?.inputs ?? {})) {
      inputs.set(path, (inputs.get(path) ?? 0) + bytesInOutput)
    }
  }
  return { bytes, inputs }
}
