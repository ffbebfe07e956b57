/**
 * The gateway with a tokenizer of its own: one question about a model that pins it, and what stands in
 * the ledger of it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  artifactFileName,
  makeArtifactFolder,
} from '../../src/adapters/artifacts/artifact-folder.ts'
import { makeTokenizerThread } from '../../src/adapters/artifacts/tokenizer-thread.ts'
import { nowMs, sleep } from '../../src/adapters/system.ts'
import { makeTokenizers, type Tokenizers } from '../../src/metering/tokenizer-cache.ts'
import { countedWithinMs, countedWithinMsMax } from '../../src/metering/tokenizer-count.ts'
import type { Sleep } from '../../src/protocol/clock.ts'
import { askChat, completionOf } from '../support/chat-client.ts'
import { type BenchChanges, startGatewayBench } from '../support/gateway-bench.ts'
import {
  answers,
  counts,
  type Frame,
  finishes,
  type Script,
  says,
} from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import { smallCount, smallTokenizer, smallTokenizerDigest } from '../support/small-tokenizer.ts'

export const pin = {
  digest: smallTokenizerDigest,
  template_tokens_per_message: 4,
  template_tokens: 3,
  band: 0,
}
export const question = 'the keeper of the garden counted the apples'
export const promptTokens = smallCount(question) + 4 + 3
export const text = ' the story of the river and the old stone bridge'.repeat(20)
export const textTokens = smallCount(text)
/** Bytes tell as many tokens of this text, but are believed within a quarter. */
const bytes_per_token = {
  prompt: { mean: 4, band: 0.25 },
  completion: { mean: Buffer.byteLength(text) / textTokens, band: 0.25 },
}

export type TokenizerBench = Awaited<ReturnType<typeof startTokenizerBench>>

/** A busy machine is given its time to count. */
const patient: Sleep = (durationMs, signal) => {
  const isOfCount = durationMs >= countedWithinMs(0) && durationMs < countedWithinMsMax
  return sleep(isOfCount ? 60_000 : durationMs, signal)
}

export type Terms = {
  readonly digest?: string
  readonly counting?: Tokenizers | undefined
  readonly ask?: object
  /** Asked in vain before the host that answers. */
  readonly before?: readonly Script[]
  readonly changes?: BenchChanges
  readonly balanceUsd?: string
}

export const claiming = (prompt: number, completion: number): readonly Frame[] => [
  ...(text.match(/.{1,11}/g)?.map((part) => says(part)) ?? []),
  finishes(),
  counts(prompt, completion),
]

export async function startTokenizerBench() {
  const bench = await startGatewayBench()
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-artifacts-'))
  await writeFile(join(folder, artifactFileName(smallTokenizerDigest)), smallTokenizer)
  const thread = makeTokenizerThread()
  /** As in a process that has served nothing yet. */
  const coldTokenizers = () =>
    makeTokenizers({
      ...makeArtifactFolder(folder),
      runner: thread,
      nowMs,
      sleep,
      onFailure: () => undefined,
    })
  const tokenizers = coldTokenizers()
  // As in a process that has served this model before.
  await tokenizers.open(smallTokenizerDigest)

  /** One question about a model with this tokenizer, as these hosts serve it. */
  async function askOf(scripts: readonly Script[], terms: Terms) {
    const { digest = pin.digest, ask = {}, balanceUsd = '10' } = terms
    const [build] = modelOnSale('maker/small').profiles
    if (!build) throw new Error('the model has a build')
    const { model, hosts } = await bench.sale(scripts, {
      model: { profiles: [{ ...build, bytes_per_token, tokenizer: { ...pin, digest } }] },
      host: { profileId: build.profile_id },
    })
    const customer = await bench.customer({ balanceUsd })
    const counting = 'counting' in terms ? terms.counting : tokenizers
    const app = bench.appOf({ tokenizers: counting, sleep: patient, ...terms.changes })
    const messages = [{ role: 'user', content: question }]
    const response = await askChat(app, customer, { model: model.id, messages, ...ask })
    return { customer, hosts, response }
  }

  /** One question to a host that says this, and what stands in the ledger of it. */
  async function receiptOf(frames: readonly Frame[], terms: Terms = {}) {
    const scripts = [...(terms.before ?? []), answers({ frames })]
    const { customer, hosts, response } = await askOf(scripts, terms)
    await completionOf(response)
    const receipt = await bench.onlyReceipt(customer)
    if (!receipt.body.served) throw new Error('nothing was served')
    return { receipt, usage: receipt.body.served.usage, nodeId: hosts.at(-1)?.nodeId ?? '' }
  }

  return {
    deps: bench.deps,
    tokenizers,
    coldTokenizers,
    askOf,
    receiptOf,
    stop: async () => {
      await bench.stop()
      await thread.stop()
      await rm(folder, { recursive: true })
    },
  }
}
