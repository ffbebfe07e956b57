import { describe, expect, test } from 'vitest'
import {
  makeProfiles,
  type ProfileSources,
  profilesBasisOf,
} from '../../src/ingest/node-profiles.ts'
import type { RuntimeKind } from '../../src/protocol/claim.ts'
import { aQueue } from '../adapters/dynamodb/facts.ts'
import { catalogueModel, digestOf } from '../support/control-plane.ts'
import { installedModel } from '../support/test-host.ts'

const digest = digestOf('a')
const queue = (kind: RuntimeKind) => aQueue({ kind })

const sources = {
  node: { nodeId: 'n_1', mode: 'network' },
  hot: {
    inventoryDigest: 'f'.repeat(64),
    factsDigest: 'e'.repeat(64),
    queues: { main: queue('llamacpp') },
  },
  catalogue: [{ ...catalogueModel('maker/small', [digest]), version: 1 }],
} as const satisfies ProfileSources

const profilesOf = (models: Parameters<typeof makeProfiles>[0], changes = {}) =>
  makeProfiles(models, { ...sources, ...changes })

describe('a model is a profile', () => {
  test('with the smaller of two context lengths', () => {
    const lengths = [4096, 32_768, null].map((context_length) => {
      const { profiles } = profilesOf([installedModel(digest, { context_length })])
      return profiles[0]?.contextLength
    })
    expect(lengths).toEqual([4096, 8192, 8192])
  })

  test('in the tier of its node’s mode and its runtime', () => {
    const node = { nodeId: 'n_1', mode: 'local' }
    expect(profilesOf([installedModel(digest)]).profiles[0]?.routeTier).toBe('portable_local')
    expect(profilesOf([installedModel(digest)], { node }).profiles[0]?.routeTier).toBe(
      'local_convenience',
    )
  })

  test('also while it is not installed or remote: the gates tell that', () => {
    const model = installedModel(digest, { status: 'ready_to_install', remote: true })
    expect(profilesOf([model]).profiles).toMatchObject([
      { installStatus: 'ready_to_install', remote: true },
    ])
  })

  test('once: of two copies the one that serves, with more context', () => {
    const { profiles, unapproved } = profilesOf([
      installedModel(digest, { context_length: 8192, remote: true }),
      installedModel(digest, { context_length: 2048 }),
      installedModel(digest, { context_length: 4096 }),
    ])
    expect(profiles).toMatchObject([{ contextLength: 4096, remote: false }])
    expect(unapproved).toBe(0)
  })
})

describe('a model is none', () => {
  test.each([
    ['when no manifest names its build', [installedModel(digestOf('b'))], {}],
    ['on a runtime that its manifest does not name', [installedModel(digest)], queue('vllm')],
    ['on a runtime that no beat named', [installedModel(digest, { runtime_id: 'gone' })], {}],
  ])('%s', (_, models, main) => {
    const hot = 'kind' in main ? { ...sources.hot, queues: { main } } : sources.hot
    expect(profilesOf(models, { hot })).toEqual({ profiles: [], unapproved: 1 })
  })
})

describe('the basis of profiles', () => {
  const [model] = sources.catalogue
  const basis = profilesBasisOf(sources)

  test.each([
    ['the inventory', { hot: { ...sources.hot, inventoryDigest: 'e'.repeat(64) } }],
    ['the mode', { node: { nodeId: 'n_1', mode: 'managed' as const } }],
    ['the kind of a runtime', { hot: { ...sources.hot, queues: { main: queue('vllm') } } }],
    ['an approved build', { catalogue: [{ ...model, profiles: [] }] }],
    ['a context length', { catalogue: [{ ...model, context_length: 1024 }] }],
  ])('changes with %s', (_, changes) => {
    expect(profilesBasisOf({ ...sources, ...changes })).not.toBe(basis)
  })

  test.each([
    ['prices', { catalogue: [{ ...model, prices: [], version: 2 }] }],
    [
      'the load of a runtime',
      {
        hot: {
          ...sources.hot,
          queues: { main: { ...queue('llamacpp'), health: 'busy' as const } },
        },
      },
    ],
  ])('does not change with %s', (_, changes) => {
    expect(profilesBasisOf({ ...sources, ...changes })).toBe(basis)
  })
})
