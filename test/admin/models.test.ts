import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  startControlPlane,
} from '../support/control-plane.ts'

const model = catalogueModel('maker/small', [digestOf('a'), digestOf('b')])
const [price] = model.prices
const [profile, second] = model.profiles

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const put = (body: object) => plane.operate('PUT', '/models', body)

describe('a model', () => {
  test('is stored whole, and each change makes a new version', async () => {
    expect(await put(model)).toMatchObject({ status: 200, body: { ...model, version: 1 } })
    expect(await put({ ...model, name: 'Small' })).toMatchObject({ body: { version: 2 } })
    const stored = { object: 'model', ...model, name: 'Small', version: 2 }
    const { body } = await plane.operate('GET', '/models')
    expect(body).toEqual({ object: 'list', data: [stored], has_more: false, next: null })
  })

  test.each([
    ['an unknown field', { ...model, vendor: 'x' }, 'vendor'],
    ['no price for the saving', { ...model, benchmark_price: undefined }, 'benchmark_price'],
    [
      'an amount that is a number',
      { ...model, prices: [{ ...price, prompt_usd_per_mtok: 1 }] },
      'prices.0.prompt_usd_per_mtok',
    ],
    [
      'an amount with leading zeros',
      { ...model, prices: [{ ...price, prompt_usd_per_mtok: '01' }] },
      'prices.0.prompt_usd_per_mtok',
    ],
    [
      'a saving price with leading zeros',
      {
        ...model,
        benchmark_price: { prompt_usd_per_mtok: '1', completion_usd_per_mtok: '00.1' },
      },
      'benchmark_price.completion_usd_per_mtok',
    ],
    ['one tier priced twice', { ...model, prices: [price, price] }, 'prices.1'],
    [
      'one profile id twice',
      { ...model, profiles: [profile, { ...second, profile_id: profile?.profile_id }] },
      'profiles.1.profile_id',
    ],
    [
      'one build twice',
      { ...model, profiles: [profile, { ...second, artifact: profile?.artifact }] },
      'profiles.1.artifact.digest',
    ],
    [
      'an answer longer than the context',
      { ...model, max_output_tokens: 8193 },
      'max_output_tokens',
    ],
    [
      'a digest that is none',
      { ...model, profiles: [{ ...profile, artifact: { ...profile?.artifact, digest: 'md5:1' } }] },
      'profiles.0.artifact.digest',
    ],
  ])('with %s is refused, and nothing is stored', async (_, body, param) => {
    const versions = await plane.catalogue.listModels()
    const reply = await put(body)
    expect(reply).toMatchObject({ status: 400, error: { param } })
    expect(await plane.catalogue.listModels()).toEqual(versions)
  })

  test('may not claim the build or the profile id of another', async () => {
    await put(catalogueModel('maker/first', [digestOf('c')]))
    const byDigest = await put(catalogueModel('maker/second', [digestOf('d'), digestOf('c')]))
    expect(byDigest).toMatchObject({
      status: 400,
      error: { param: 'profiles.1.artifact.digest', message: expect.stringContaining('first') },
    })
    const named = catalogueModel('maker/second', [digestOf('d')])
    const byId = await put({
      ...named,
      profiles: named.profiles.map((one) => ({ ...one, profile_id: 'maker/first@0' })),
    })
    expect(byId).toMatchObject({ status: 400, error: { param: 'profiles.0.profile_id' } })
  })
})
