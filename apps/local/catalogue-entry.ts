/** What the local operator sells, at prices for a demonstration: the engine's own models, or the first of a runtime. */
import { setTimeout as delay } from 'node:timers/promises'
import type { CatalogueModel } from '../../src/protocol/catalogue.ts'
import type { RuntimeKind } from '../../src/protocol/claim.ts'
import { makeArtifactDigests } from '../host/runtimes/artifact-digest.ts'
import { detectKind, readerOf } from '../host/runtimes/detect.ts'
import type { LocalModel } from '../host/runtimes/reading.ts'
import { makeSurface } from '../host/runtimes/surface.ts'
import { StatedError } from '../host/stated-error.ts'
import { templateTokens, templateTokensPerMessage } from './engine/chat-template.ts'
import { demoModelName, embeddingModelName } from './engine/demo-model.ts'
import { demoTokenizerDigest } from './engine/demo-tokenizer.ts'
import { scriptedEmbeddingName, scriptedModelName } from './engine/scripted-engine.ts'

const foundWithinMs = 15_000

/** What the local engines are sold as; each says what its words are worth. */
const ownModels: Readonly<Record<string, OwnModel>> = {
  [demoModelName]: {
    name: 'Tiny random-weight demo model',
    description: 'Real inference, meaningless text: it shows the path, not an answer.',
  },
  [embeddingModelName]: {
    name: 'Tiny random-weight embedding model',
    description: 'Real inference, meaningless vectors: the same text has the same one.',
    modality: 'embedding',
  },
  [scriptedModelName]: {
    name: 'Scripted stand-in',
    description: 'No inference: words by script, where the llama.cpp binary is missing.',
  },
  [scriptedEmbeddingName]: {
    name: 'Scripted stand-in for embeddings',
    description: 'No inference: vectors by chance, where the llama.cpp binary is missing.',
    modality: 'embedding',
  },
}

type OwnModel = {
  readonly name: string
  readonly description: string
  readonly modality?: 'embedding'
}

/**
 * Bytes per token of both local engines, measured with `engine/calibrate.ts`. The band of prompts reaches
 * down to a token a byte, which is what scripts other than Latin come to.
 */
export const ownRatios = {
  prompt: { mean: 1.58, band: 0.6 },
  completion: { mean: 5.58, band: 0.12 },
}
/** The local engines' own count: a token may be cut in two where a stop string ends a reply. */
const ownTokenizer = {
  digest: demoTokenizerDigest,
  template_tokens_per_message: templateTokensPerMessage,
  template_tokens: templateTokens,
  band: 0,
}
/** Each text to embed has a beginning of its own, and no marks. */
const ownEmbeddingTokenizer = {
  ...ownTokenizer,
  template_tokens_per_message: 1,
  template_tokens: 0,
}
/** Nothing was measured for a model of the user's own; wide enough for prose and code alike. */
const uncalibratedRatios = {
  prompt: { mean: 3.6, band: 0.6 },
  completion: { mean: 3.6, band: 0.6 },
}

const textPrice = {
  prompt_usd_per_mtok: '0.05',
  cached_prompt_usd_per_mtok: '0.025',
  completion_usd_per_mtok: '0.2',
}
const embeddingPrice = {
  prompt_usd_per_mtok: '0.01',
  cached_prompt_usd_per_mtok: '0.01',
  completion_usd_per_mtok: '0',
}

/**
 * Waits for the runtime to tell its models. Of one that is not our own only the first is sold: what the others
 * are for is not told.
 */
export async function catalogueEntriesFor(
  runtimeUrl: string,
): Promise<readonly [CatalogueModel, ...CatalogueModel[]]> {
  const untilMs = Date.now() + foundWithinMs
  for (;;) {
    const found = await modelsAt(runtimeUrl)
    if (found) {
      const [first, ...others] = found.models.map((model) => toEntry(found.kind, model))
      if (first) return [first, ...others]
    }
    if (Date.now() > untilMs) {
      throw new StatedError(
        `No model was found at ${runtimeUrl} in 15 s: start the runtime and load a model.`,
      )
    }
    await delay(300)
  }
}

async function modelsAt(url: string) {
  const surface = makeSurface(url)
  const kind = await detectKind(surface)
  if (!kind) return undefined
  const digests = makeArtifactDigests({
    known: () => [],
    remember: () => undefined,
    sleep: (durationMs) => delay(durationMs),
  })
  const reading = await readerOf[kind](surface, { digests })
  const models = reading?.models ?? []
  const own = models.filter(({ local_name }) => local_name in ownModels)
  const sold = own.length > 0 ? own : models.slice(0, 1)
  // A model whose file is still being hashed is not told yet.
  const isWhole = own.length === 0 || own.length === (reading?.loaded?.length ?? own.length)
  return sold.length > 0 && isWhole ? { kind, models: sold } : undefined
}

function toEntry(kind: RuntimeKind, model: LocalModel): CatalogueModel {
  const own = ownModels[model.local_name]
  const id = model.local_name.replace(/[^A-Za-z0-9._:/-]/g, '-').slice(0, 100)
  const contextLength = Math.max(64, model.context_length ?? 4096)
  const isText = own?.modality === undefined
  return {
    id,
    name: own?.name ?? id,
    description: own?.description ?? '',
    ...(own?.modality ? { modality: own.modality } : {}),
    created: 1_795_219_200,
    context_length: contextLength,
    max_output_tokens: Math.min(contextLength, own ? 512 : 4096),
    host_share_bps: 8_000,
    benchmark_price: isText
      ? { prompt_usd_per_mtok: '0.15', completion_usd_per_mtok: '0.6' }
      : { prompt_usd_per_mtok: '0.02', completion_usd_per_mtok: '0' },
    prices: (['portable_local', 'network_beta'] as const).flatMap((route_tier) =>
      (['T0', 'T1'] as const).map((trust_tier) => ({
        route_tier,
        trust_tier,
        ...(isText ? textPrice : embeddingPrice),
      })),
    ),
    profiles: [
      {
        profile_id: `${id}@${kind}`,
        artifact: {
          format: model.artifact.format,
          digest: model.artifact.digest,
          quantization: model.artifact.quantization,
        },
        runtime_kinds: [kind],
        bytes_per_token: own ? ownRatios : uncalibratedRatios,
        ...(own ? { tokenizer: isText ? ownTokenizer : ownEmbeddingTokenizer } : {}),
      },
    ],
  }
}
