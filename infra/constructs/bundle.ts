/**
 * A bundle as an asset of CDK's. A synthesis that does not bundle, as in tests of templates, does not start
 * esbuild.
 */
import { dirname, join } from 'node:path'
import { AssetHashType, type AssetOptions, DockerImage } from 'aws-cdk-lib'
import { repositoryRoot, writeBundle } from './bundle-files.ts'

/** `path` is what CDK takes for the source; `options` make it the bundle of `entry`. */
export type BundleAsset = {
  readonly path: string
  readonly options: Pick<AssetOptions, 'assetHashType' | 'bundling'>
}

/**
 * For `Code.fromAsset` and its like. Both are paths from the repository root: of the entry file, which has a row
 * among the budgets, and of what lies beside its bundle; scripts among that are executable.
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
