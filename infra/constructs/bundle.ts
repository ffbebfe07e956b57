/**
 * The code that is deployed: every entry file with all that it imports, in one minified file. esbuild makes
 * all of them in one build in this process, so that what they share is read once; a synthesis that
 * does not bundle, as in tests of templates, does not start it.
 */
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { AssetHashType, type AssetOptions, DockerImage } from 'aws-cdk-lib'
import { buildSync } from 'esbuild'
import { type BundleOutput, budgetKbOf, bundleBudgetsKb, bundleFaults } from './bundle-budgets.ts'

const repositoryRoot = join(import.meta.dirname, '..', '..')

/** `path` is what CDK takes for the source; `options` make it the bundle of `entry`. */
export type BundleAsset = {
  readonly path: string
  readonly options: Pick<AssetOptions, 'assetHashType' | 'bundling'>
}

/**
 * For `Code.fromAsset` and its like. Both are paths from the repository root: of the entry file, which has a row
 * among the budgets, and of what lies beside its `index.mjs`; scripts among that are executable.
 */
export function bundleAsset(entry: string, files: readonly string[] = []): BundleAsset {
  return {
    path: join(repositoryRoot, dirname(entry)),
    options: {
      assetHashType: AssetHashType.OUTPUT,
      bundling: {
        // Nothing runs in it. CDK tells assets of one folder apart by what their image would be told.
        image: DockerImage.fromRegistry('unused'),
        command: [entry, ...files],
        local: {
          tryBundle: (outputDir) => {
            writeBundle(entry, files, outputDir)
            return true
          },
        },
      },
    },
  }
}

function writeBundle(entry: string, files: readonly string[], outputDir: string): void {
  const budgetKb = budgetKbOf(entry)
  const bundle = allBundles().get(entry)
  if (bundle === undefined) throw new Error(`${entry} was not built.`)
  const [fault] = bundleFaults(entry, bundle.output, budgetKb)
  if (fault !== undefined) throw new Error(fault)
  writeFileSync(join(outputDir, 'index.mjs'), bundle.code)
  writeFileSync(join(outputDir, 'index.mjs.map'), bundle.map)
  for (const file of files) {
    const copy = join(outputDir, basename(file))
    copyFileSync(join(repositoryRoot, file), copy)
    // Whatever a checkout's umask made of it: Lambda executes scripts themselves.
    chmodSync(copy, file.endsWith('.sh') ? 0o755 : 0o644)
  }
}

type Bundle = { readonly code: string; readonly map: Uint8Array; readonly output: BundleOutput }

let built: ReadonlyMap<string, Bundle> | undefined

/** Built once per process: the sources do not change under a synthesis. */
export function allBundles(): ReadonlyMap<string, Bundle> {
  built ??= build(Object.keys(bundleBudgetsKb))
  return built
}

function build(entries: readonly string[]): ReadonlyMap<string, Bundle> {
  const nameOf = (entry: string) => entry.replaceAll('/', '-').replace(/\.ts$/, '')
  const { metafile, outputFiles } = buildSync({
    absWorkingDir: repositoryRoot,
    // As if each lay in the root: its map then names sources from there, and so do traces of stacks.
    entryPoints: entries.map((entry) => ({ in: entry, out: nameOf(entry) })),
    outdir: repositoryRoot,
    outExtension: { '.js': '.mjs' },
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    sourcemap: 'external',
    sourcesContent: false,
    mainFields: ['module', 'main'],
    // The SDK is bundled too: the runtime's copy is another version and is not tree-shaken.
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
  return new Map(
    entries.map((entry) => {
      const name = `${nameOf(entry)}.mjs`
      const [code, map] = [contentsOf.get(name), contentsOf.get(`${name}.map`)]
      const output = metafile.outputs[name]
      if (!code || !map || !output) throw new Error(`esbuild made no bundle of ${entry}.`)
      const text = `${Buffer.from(code).toString('utf8')}//# sourceMappingURL=index.mjs.map\n`
      return [entry, { code: text, map, output }]
    }),
  )
}
