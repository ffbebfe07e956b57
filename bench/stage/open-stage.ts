/**
 * The stage on which requests are measured: a database, a host in a process of its own that beats, models that
 * it sells, and customers with money and every limit. What is measured starts its own gateways on it.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeSigner } from '../../src/protocol/ed25519.ts'
import { aCandidate, aQueue, digest } from '../../test/adapters/dynamodb/facts.ts'
import { startGatewayBench } from '../../test/support/gateway-bench.ts'
import { modelOnSale } from '../../test/support/model-on-sale.ts'
import { stageEnvironment } from '../../test/support/stage-environment.ts'
import { writePool } from '../../test/support/write-pool.ts'
import { type CannedDatabase, startCannedDatabase } from './canned-database.ts'
import { keyLimits } from './key-limits.ts'
import { type BenchHost, startHost } from './start-host.ts'

export type BenchStage = Awaited<ReturnType<typeof openBenchStage>>

const stage = 'local'
const pricedVersion = 7
/** A host that is silent for a minute serves no longer. */
const beatEveryMs = 10_000
/** More than any bench asks of it at once. */
export const hostSlots = 4_096

export type Database = 'embedded' | 'canned'

/** By names that `answers.ts` understands, such as `bench/words-8`. */
export async function openBenchStage(of: {
  readonly models: readonly string[]
  /** A wallet has at most 64 holds open, so 128 requests at once are those of several. */
  readonly customers: number
}) {
  const bench = await startGatewayBench()
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-bench-'))
  const root = makeSigner(bench.secrets.ticket_root_key.private_key)
  const host = await startHost({ stage, rootPublicKeys: [root.publicKey] })
  let canned: CannedDatabase | undefined
  let beating: NodeJS.Timeout | undefined

  const beat = async () => {
    await bench.beat(host.nodeId, { queues: { main: aQueue({ capacity: hostSlots }) } })
    await canned?.refresh()
  }
  const close = async () => {
    clearInterval(beating)
    await canned?.stop()
    await host.stop()
    await bench.stop()
    await rm(folder, { recursive: true, force: true })
  }

  try {
    await beat()
    for (const id of of.models) await sell(bench.pool, host, id)
    const customers: { readonly token: string }[] = []
    for (let at = 0; at < of.customers; at += 1) {
      customers.push(await bench.customer({ balanceUsd: '100000', key: keyLimits }))
    }
    const env = await stageEnvironment(bench, { stage, folder })
    beating = setInterval(() => void beat().catch(() => undefined), beatEveryMs)
    return {
      host,
      bench,
      /** One for each customer, for the load generator. */
      headers: customers.map(({ token }) => ({ authorization: `Bearer ${token}` })),
      /** Of a gateway over this database; the stand-in is started when it is asked for first. */
      environment: async (database: Database): Promise<Readonly<Record<string, string>>> => {
        if (database === 'embedded') return env
        canned ??= await startCannedDatabase(bench)
        return await stageEnvironment({ ...bench, endpoint: canned.endpoint }, { stage, folder })
      },
      /** Time of a core that the stand-in has used; undefined where there is none. */
      cannedUsage: () => canned?.usage(),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

type Pool = Awaited<ReturnType<typeof startGatewayBench>>['pool']

/** Puts a model on sale at one host. */
export async function sell(
  pool: Pool,
  { nodeId, publicKey, url }: BenchHost,
  id: string,
): Promise<void> {
  const ratio = { mean: 4, band: 0.25 }
  const profileId = `${id}@q8`
  const model = modelOnSale(id, {
    profiles: [
      {
        profile_id: profileId,
        artifact: { format: 'gguf', digest, quantization: 'Q8_0' },
        runtime_kinds: ['llamacpp'],
        bytes_per_token: { prompt: ratio, completion: ratio },
      },
    ],
  })
  const candidate = aCandidate({
    ...{ nodeId, publicKey, profileId },
    routeUrl: url,
    runtimeId: 'main',
    runtimeKind: 'llamacpp',
    slots: hostSlots,
  })
  await writePool(pool, { ...model, version: pricedVersion }, [candidate])
}
