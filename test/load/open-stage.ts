/** A stage for hosts alone: the embedded database, and ingest in a process that can be stopped. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import { ids } from '../../src/adapters/system.ts'
import type { NodeFacts } from '../../src/fleet/node.ts'
import { syntheticOwnerId } from '../../src/fleet/synthetic.ts'
import { newStageSecrets } from '../../src/keys/stage-secrets.ts'
import { envKey } from '../../src/names.ts'
import { generatePrivateKey, makeSigner, type Signer } from '../../src/protocol/ed25519.ts'
import { nodeAliasOf, nodeIdOf } from '../../src/protocol/node-identity.ts'
import { freePort, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'

export type Identity = { readonly nodeId: string; readonly signer: Signer }

export type Stage = Awaited<ReturnType<typeof openStage>>

const stage = 'local'
const readyWithinMs = 20_000

export async function openStage({ beatIntervalMs }: { readonly beatIntervalMs: number }) {
  const database = await startEmbeddedDynamodb()
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-load-'))
  const secretsFile = join(folder, 'secrets.json')
  const secrets = newStageSecrets(stage, { ids, nowMs: Date.now() })
  await writeFile(secretsFile, JSON.stringify(secrets), { mode: 0o600 })
  const port = await freePort()
  const env = {
    ...process.env,
    PORT: String(port),
    [envKey.stage]: stage,
    [envKey.balancesTable]: database.tables.balances,
    [envKey.keysTable]: database.tables.keys,
    [envKey.profilesTable]: database.tables.profiles,
    [envKey.receiptsTable]: database.tables.receipts,
    [envKey.spendTable]: database.tables.spend,
    [envKey.secretsSource]: `file:${secretsFile}`,
    [envKey.beatIntervalMs]: String(beatIntervalMs),
    [envKey.dynamodbEndpoint]: database.endpoint,
    B3IQ_METRICS_DISABLED: 'true',
  }
  const fleet = makeFleetStore(database)
  const joinCodes = makeJoinCodeStore(database)
  let child: ChildProcess | undefined

  const stopIngest = async () => {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null) return
    running.kill('SIGTERM')
    await once(running, 'exit')
  }

  return {
    name: stage,
    fleet,
    url: `http://127.0.0.1:${port}/ingest/v1`,
    startIngest: async () => {
      child = spawn(process.execPath, [join(import.meta.dirname, 'ingest-process.ts')], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      if (!child.stdout) throw new Error('the output of ingest is piped')
      await once(child.stdout, 'data', { signal: AbortSignal.timeout(readyWithinMs) })
      child.stdout.resume()
    },
    stopIngest,
    /** Straight into the store: an owner may enrol ten nodes within an hour, so each has its own. */
    enrol: async (kind: 'host' | 'synthetic'): Promise<Identity> => {
      const signer = makeSigner(generatePrivateKey())
      const nodeId = nodeIdOf(signer.publicKey)
      const nowMs = Date.now()
      const ownerId = kind === 'synthetic' ? syntheticOwnerId : `owner-of-${nodeId}`
      const code = { codeHash: nodeId, ownerId, expiresAtMs: nowMs + 60_000 }
      const node: NodeFacts = {
        nodeId,
        alias: nodeAliasOf(nodeId),
        publicKey: signer.publicKey,
        ownerId,
        status: 'active',
        mode: kind === 'synthetic' ? 'managed' : 'network',
        trustTier: 'T1',
        route: { kind: 'direct', url: 'https://host.example.net', epoch: 1 },
        enrolledAtMs: nowMs,
      }
      await joinCodes.putJoinCode(code)
      await fleet.enrolNode(node, code.codeHash)
      return { nodeId, signer }
    },
    close: async () => {
      await stopIngest()
      await database.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
