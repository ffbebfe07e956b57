// What the laptop stack puts on sale is what its engine serves, priced as an operator must price it.
import { afterAll, describe, expect, test } from 'vitest'
import { catalogueEntriesFor } from '../../../apps/local/catalogue-entry.ts'
import { startEngineServer } from '../../../apps/local/engine/engine-server.ts'
import {
  openScriptedEmbedder,
  openScriptedEngine,
  scriptedEmbeddingName,
  scriptedModelName,
} from '../../../apps/local/engine/scripted-engine.ts'
import { putModel } from '../../../src/admin/models.ts'
import { CatalogueModel } from '../../../src/protocol/catalogue.ts'

const shape = { port: 0, slots: 1, deferredMax: 4, tokenDelayMs: 0 }
const embedding = { embedder: openScriptedEmbedder(), alias: scriptedEmbeddingName, slots: 1 }
const both = await startEngineServer(openScriptedEngine(), {
  ...shape,
  alias: scriptedModelName,
  embedding,
})
const other = await startEngineServer(openScriptedEngine(), { ...shape, alias: 'my/model' })
afterAll(() => Promise.all([both.close(0), other.close(0)]))

const entriesOf = ({ port }: { readonly port: number }) =>
  catalogueEntriesFor(`http://127.0.0.1:${port}`)

describe('the engine’s own models', () => {
  test('are both sold, each with a build of its own and for what it is', async () => {
    const [chat, embeds, ...others] = await entriesOf(both)
    expect(others).toEqual([])
    expect(chat).toMatchObject({ id: scriptedModelName })
    expect(chat.modality).toBeUndefined()
    expect(embeds).toMatchObject({ id: scriptedEmbeddingName, modality: 'embedding' })
    const digests = [chat, embeds].map((entry) => entry?.profiles[0]?.artifact.digest)
    expect(new Set(digests).size).toBe(2)
    // One token begins each text, and nothing stands between them.
    expect(embeds?.profiles[0]?.tokenizer).toMatchObject({
      template_tokens_per_message: 1,
      template_tokens: 0,
    })
  })

  test('are priced as the admin surface takes it', async () => {
    const stored: CatalogueModel[] = []
    const catalogue = {
      listModels: async () => stored.map((model) => ({ ...model, version: 1 })),
      putModel: async (model: CatalogueModel) => {
        stored.push(model)
        return { ...model, version: 1 }
      },
      readVersion: async () => undefined,
    }
    for (const entry of await entriesOf(both)) {
      expect(await putModel({ catalogue }, CatalogueModel.parse(entry))).toMatchObject({ ok: true })
    }
    expect(stored).toHaveLength(2)
  })
})

test('of another runtime the first model is sold, as text', async () => {
  const entries = await entriesOf(other)
  expect(entries.map(({ id, modality }) => ({ id, modality }))).toEqual([
    { id: 'my/model', modality: undefined },
  ])
})
