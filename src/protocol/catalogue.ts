/**
 * What the operator sells: a model, the builds of it that count as the same product, and a price
 * per route tier and trust tier. A tier without a price is closed: unpriced is not sold.
 */
import * as z from 'zod'
import { RuntimeKind } from './claim.ts'
import { ArtifactDigest, ModelId, ProfileId } from './ids.ts'
import { Modality } from './modality.ts'

export const RouteTier = z.enum([
  'local_convenience',
  'portable_local',
  'network_beta',
  'datacenter_optimized',
  'fleet_orchestrated',
  'unknown',
])
export type RouteTier = z.infer<typeof RouteTier>

export const TrustTier = z.enum(['T0', 'T1', 'T2', 'T3'])
export type TrustTier = z.infer<typeof TrustTier>

const usdPerMTok = z
  .string()
  .regex(/^(0|[1-9]\d{0,8})(\.\d{1,9})?$/, 'must be a decimal USD string')

/** Per image, or per begun second of audio. */
const usdPerUnit = usdPerMTok

/** How many bytes one token has, and how far (a fraction) honest traffic strays from that. */
const BytesPerToken = z.strictObject({
  mean: z.number().min(0.1).max(64),
  band: z.number().min(0).max(0.9),
})

/**
 * How a build's tokens are counted without it: with its own tokenizer.json, and what its chat template adds
 * to the texts of a conversation. `band`: how far (a fraction) honest claims stray from such a count.
 */
export const TokenizerPin = z.strictObject({
  /** Of a HuggingFace `tokenizer.json`, byte for byte. */
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  /** Marks around each message, and around what is cut out of a reply: reasoning, tool calls. */
  template_tokens_per_message: z.int().min(0).max(256),
  /** Once in every prompt: its beginning, and the mark of the reply. */
  template_tokens: z.int().min(0).max(4096),
  band: z.number().min(0).max(0.9),
})
export type TokenizerPin = z.infer<typeof TokenizerPin>

/** A name of Ollama's own library: a model, or a namespace and a model; never an address. */
export const OllamaName = z
  .string()
  .max(128)
  .regex(/^([a-z0-9][a-z0-9_-]*\/)?[a-z0-9][a-z0-9._-]*(:[A-Za-z0-9][A-Za-z0-9._-]*)?$/)

export const ProfileManifest = z.strictObject({
  profile_id: ProfileId,
  artifact: z.strictObject({
    format: z.string().max(32),
    digest: ArtifactDigest,
    quantization: z.string().max(32).nullable(),
  }),
  runtime_kinds: z.array(RuntimeKind).min(1),
  /** Under which name Ollama's library has this very build; without one no job can pull it. */
  ollama_name: OllamaName.optional(),
  bytes_per_token: z.strictObject({ prompt: BytesPerToken, completion: BytesPerToken }),
  /**
   * Prompt tokens that one image takes at the most, its markers included, as the runtimes are set up
   * to read images. A build without it is sent none.
   */
  image_tokens_max: z.int().min(1).max(100_000).optional(),
  /** Without one, tokens are counted from bytes. */
  tokenizer: TokenizerPin.optional(),
  /** The chat template shows the model the reasoning of earlier answers. Without it: no, as most do. */
  renders_reasoning: z.boolean().optional(),
})
export type ProfileManifest = z.infer<typeof ProfileManifest>

export const CataloguePrice = z.strictObject({
  route_tier: RouteTier,
  trust_tier: TrustTier,
  prompt_usd_per_mtok: usdPerMTok,
  cached_prompt_usd_per_mtok: usdPerMTok,
  completion_usd_per_mtok: usdPerMTok,
  unit_usd: usdPerUnit.optional(),
})
export type CataloguePrice = z.infer<typeof CataloguePrice>

/** Body of `PUT /admin/models`. */
export const CatalogueModel = z.strictObject({
  id: ModelId,
  name: z.string().min(1).max(128),
  description: z.string().max(1024).default(''),
  /** Left out: text. */
  modality: Modality.optional(),
  /** When the model was published, in seconds since the epoch, as OpenAI's list has it. */
  created: z.int().min(0).optional(),
  context_length: z.int().min(64).max(10_000_000),
  max_output_tokens: z.int().min(1).max(1_000_000),
  host_share_bps: z.int().min(0).max(10_000).default(8_000),
  /** What a direct upstream would ask, for the saving shown to customers. */
  benchmark_price: z.strictObject({
    prompt_usd_per_mtok: usdPerMTok,
    completion_usd_per_mtok: usdPerMTok,
    unit_usd: usdPerUnit.optional(),
  }),
  prices: z.array(CataloguePrice).max(24),
  profiles: z.array(ProfileManifest).max(32),
})
export type CatalogueModel = z.infer<typeof CatalogueModel>
