/** Models of each modality whose answers are documents, as an operator sells them, and recordings to send. */
import type { CatalogueModel } from '../../src/protocol/catalogue.ts'
import type { DocumentModality } from '../../src/protocol/document.ts'

const rowOf = (prices: Partial<CatalogueModel['prices'][number]>) => ({
  route_tier: 'network_beta' as const,
  trust_tier: 'T0' as const,
  prompt_usd_per_mtok: '0',
  cached_prompt_usd_per_mtok: '0',
  completion_usd_per_mtok: '0',
  ...prices,
})

const byToken = {
  prices: [rowOf({ prompt_usd_per_mtok: '1' })],
  benchmark_price: { prompt_usd_per_mtok: '4', completion_usd_per_mtok: '0' },
}
const byUnit = {
  prices: [rowOf({ unit_usd: '0.02' })],
  benchmark_price: { prompt_usd_per_mtok: '0', completion_usd_per_mtok: '0', unit_usd: '0.05' },
}

/** USD 1 a million prompt tokens, or 0.02 an image or a second. */
export const soldAs = (modality: DocumentModality): Partial<CatalogueModel> => ({
  modality,
  ...(modality === 'image' || modality === 'transcription' ? byUnit : byToken),
})

/** Silence as 16-bit PCM at 8 kHz, or as what its header says that it is. */
export function wavOf(
  seconds: number,
  { format = 1, dataBytes }: { format?: number; dataBytes?: number } = {},
): Buffer {
  const rate = 8_000
  const samples = Math.round(seconds * rate)
  const file = Buffer.alloc(44 + samples * 2)
  file.write('RIFF', 0)
  file.writeUInt32LE(36 + samples * 2, 4)
  file.write('WAVEfmt ', 8)
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(format, 20)
  file.writeUInt16LE(1, 22)
  file.writeUInt32LE(rate, 24)
  file.writeUInt32LE(rate * 2, 28)
  file.writeUInt16LE(2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36)
  file.writeUInt32LE(dataBytes ?? samples * 2, 40)
  return file
}
