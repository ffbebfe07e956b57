// Engines over the demo model and over what a dishonest host might run in its place.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { demoVariant, type ModelVariant } from '../../../../apps/local/engine/demo-model.ts'
import type { Engine } from '../../../../apps/local/engine/engine.ts'
import { openLlamaEngine } from '../../../../apps/local/engine/llama-engine.ts'
import { writeDemoModel } from '../../../../apps/local/engine/write-model.ts'

export const otherWeights: ModelVariant = { seed: 20_262, precision: 'F32' }

export const variants = {
  honest: demoVariant,
  otherWeights,
  f16: { ...demoVariant, precision: 'F16' },
  q8: { ...demoVariant, precision: 'Q8_0' },
} as const satisfies Record<string, ModelVariant>

export type VariantName = keyof typeof variants

/** Undefined where llama.cpp has no binary for this machine. */
export const openVariant = async (name: VariantName): Promise<Engine | undefined> => {
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-variant-engine-'))
  const modelPath = join(folder, `${name}.gguf`)
  await writeDemoModel(modelPath, variants[name])
  const opened = await openLlamaEngine({ modelPath, slots: 1 })
  await rm(folder, { recursive: true, force: true })
  if (opened.ok) return opened.engine
  if (opened.code === 'binary_missing') return undefined
  throw new Error(opened.message)
}
