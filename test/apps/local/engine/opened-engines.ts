// The engines that tests run against, each opened once for a test file. Where llama.cpp has no
// binary, the tests of the real engine are skipped and their titles say why.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '../../../../apps/local/engine/engine.ts'
import { openLlamaEngine } from '../../../../apps/local/engine/llama-engine.ts'
import { openScriptedEngine } from '../../../../apps/local/engine/scripted-engine.ts'
import { writeDemoModel } from '../../../../apps/local/engine/write-model.ts'

export type TestEngine = {
  readonly title: string
  /** Throws where the engine is missing. */
  engine(): Engine
  readonly missing: boolean
}

/** A fresh demo model file; `remove` deletes its folder. */
export const writeTestModel = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-engine-test-'))
  const path = join(folder, 'demo.gguf')
  await writeDemoModel(path)
  return { path, folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

export const testSlots = 3

export const openTestLlama = async (): Promise<TestEngine> => {
  const model = await writeTestModel()
  const opened = await openLlamaEngine({ modelPath: model.path, slots: testSlots })
  await model.remove()
  const missing = !opened.ok && opened.code === 'binary_missing'
  return {
    title: missing ? `llama.cpp, skipped for want of a binary (${opened.message})` : 'llama.cpp',
    missing,
    engine() {
      if (!opened.ok) throw new Error(opened.message)
      return opened.engine
    },
  }
}

export const openTestScripted = (): TestEngine => {
  const engine = openScriptedEngine()
  return { title: 'scripted', missing: false, engine: () => engine }
}
