/** The agent in one file, as this commit has it, where the instances of the stage can fetch it. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Stack } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Asset } from 'aws-cdk-lib/aws-s3-assets'
import type { Construct } from 'constructs'
import type { HostScriptFacts } from './user-data.ts'

const repositoryRoot = join(import.meta.dirname, '..', '..')
const bundleTimeoutMs = 60_000

export function agentAsset(
  scope: Construct,
  id: string,
): { readonly agent: HostScriptFacts['agent']; readonly read: PolicyStatement } {
  const folder = mkdtempSync(join(tmpdir(), 'b3iq-agent-'))
  try {
    const path = join(folder, 'b3iq-host.mjs')
    bundle(path)
    const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex')
    const { s3BucketName: bucket, s3ObjectKey: key } = new Asset(scope, id, {
      path,
      assetHash: sha256,
    })
    const { partition } = Stack.of(scope)
    const read = new PolicyStatement({
      actions: ['s3:GetObject'],
      resources: [`arn:${partition}:s3:::${bucket}/${key}`],
    })
    return { agent: { bucket, key, sha256 }, read }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function bundle(path: string): void {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(repositoryRoot, 'scripts', 'bundle-host.ts'), path],
    { cwd: repositoryRoot, encoding: 'utf8', timeout: bundleTimeoutMs },
  )
  if (status !== 0) throw new Error(`The agent could not be bundled: ${stderr}`)
}
