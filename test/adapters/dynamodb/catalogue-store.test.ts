import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCatalogueStore } from '../../../src/adapters/dynamodb/catalogue-store.ts'
import { makePoolStore } from '../../../src/adapters/dynamodb/pool-store.ts'
import type { CatalogueStore } from '../../../src/fleet/ports.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { aModel, digest, nowMs } from './facts.ts'
import { withFaults } from './faults.ts'

let engine: EmbeddedDynamodb
let catalogue: CatalogueStore
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  catalogue = makeCatalogueStore(engine)
})
afterAll(() => engine.stop())

describe('the catalogue', () => {
  test('numbers the versions of a model from 1 and lists the last', async () => {
    const model = aModel({
      id: 'maker/one',
      profiles: [
        {
          profile_id: 'maker/one@q8',
          artifact: { format: 'gguf', digest, quantization: 'q8_0' },
          runtime_kinds: ['llamacpp'],
          bytes_per_token: {
            prompt: { mean: 4.2, band: 0.3 },
            completion: { mean: 4.1, band: 0.3 },
          },
        },
      ],
    })
    const renamed = { ...model, name: 'Another name' }
    expect(await catalogue.putModel(model)).toEqual({ ...model, version: 1 })
    expect(await catalogue.putModel(renamed)).toEqual({ ...renamed, version: 2 })
    const listed = await catalogue.listModels()
    expect(listed.filter(({ id }) => id === 'maker/one')).toEqual([{ ...renamed, version: 2 }])
  })

  test('keeps every version, so that an old receipt finds its price', async () => {
    const cheap = aModel({ id: 'maker/two' })
    const dear = { ...cheap, host_share_bps: 9_000 }
    await catalogue.putModel(cheap)
    await catalogue.putModel(dear)
    expect(await catalogue.readVersion('maker/two', 1)).toEqual({ ...cheap, version: 1 })
    expect(await catalogue.readVersion('maker/two', 2)).toEqual({ ...dear, version: 2 })
    expect(await catalogue.readVersion('maker/two', 3)).toBeUndefined()
    expect(await catalogue.readVersion('maker/none', 1)).toBeUndefined()
  })

  test('gives changes at the same time different versions', async () => {
    const model = aModel({ id: 'maker/three' })
    const changed = await Promise.all(
      [1_000, 2_000, 3_000].map((host_share_bps) =>
        catalogue.putModel({ ...model, host_share_bps }),
      ),
    )
    expect(changed.map(({ version }) => version).toSorted()).toEqual([1, 2, 3])
    const current = (await catalogue.listModels()).find(({ id }) => id === 'maker/three')
    expect(changed).toContainEqual(current)
    expect(current?.version).toBe(3)
  })

  test('lists all models over any number of pages, and nothing that lies beside them', async () => {
    const models = Array.from({ length: 5 }, (_, index) => aModel({ id: `paged/${index}` }))
    for (const model of models) await catalogue.putModel(model)
    await makePoolStore(engine).writePublicCatalogue({ builtAtMs: nowMs, models: [] })
    const paged = withFaults(engine, ({ command, input }) => {
      if (command === 'Query') Object.assign(input, { Limit: 2 })
    })
    const listed = await makeCatalogueStore(paged).listModels()
    const ids = listed.map(({ id }) => id).filter((id) => id.startsWith('paged/'))
    expect(ids).toEqual(models.map(({ id }) => id))
  })
})
