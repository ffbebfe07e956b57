import { describe, expect, test } from 'vitest'
import { addStage } from '../../infra/stage.ts'
import { type TableDefinition, tables } from '../../src/tables.ts'
import { resourcesOf, stageConfig, synthesize, withApp } from './synthesize.ts'

const dev = synthesize(stageConfig('dev'))
const prod = synthesize(stageConfig('prod'))

describe('the Data stack', () => {
  test.each(Object.entries(tables))(
    'deploys %s as src/tables.ts defines it',
    (name, definition) => {
      expect(deployedTable(dev, name)).toEqual(expectedTable(definition, { protectData: false }))
      expect(deployedTable(prod, name)).toEqual(expectedTable(definition, { protectData: true }))
    },
  )

  test('has the tables and nothing else', () => {
    const count = Object.keys(tables).length
    dev.data.resourceCountIs('AWS::DynamoDB::GlobalTable', count)
    expect(Object.keys(dev.data.toJSON().Resources)).toHaveLength(count)
  })

  test('keeps its tables when a stack with data that matters is deleted', () => {
    expect(new Set(policies(prod))).toEqual(new Set(['Retain']))
    expect(new Set(policies(dev))).toEqual(new Set(['Delete']))
  })

  test.each([
    ['prod', true],
    ['dev', false],
  ])('is itself protected from deletion in %s: %s', (stage, expected) => {
    const data = withApp({}, (app) => addStage(app, stageConfig(stage)).data)
    expect(data.terminationProtection).toBe(expected)
  })
})

function policies(templates: typeof dev) {
  return resourcesOf(templates, 'AWS::DynamoDB::GlobalTable').map(({ body }) => body.DeletionPolicy)
}

function deployedTable(templates: typeof dev, name: string) {
  const found = resourcesOf(templates, 'AWS::DynamoDB::GlobalTable').filter(({ id }) =>
    id.toLowerCase().startsWith(`tables${name}`),
  )
  expect(found).toHaveLength(1)
  return found[0]?.body.Properties
}

function expectedTable(definition: TableDefinition, { protectData }: { protectData: boolean }) {
  const indexes = definition.keysOnlyIndexes
  const keys = [definition, ...indexes].flatMap(keyNames)
  return {
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [...new Set(keys)].map((name) => ({
      AttributeName: name,
      AttributeType: 'S',
    })),
    KeySchema: keySchema(definition),
    ...(indexes.length === 0
      ? {}
      : {
          GlobalSecondaryIndexes: indexes.map((index) => ({
            IndexName: index.name,
            KeySchema: keySchema(index),
            Projection: { ProjectionType: 'KEYS_ONLY' },
          })),
        }),
    ...(definition.timeToLive === undefined
      ? {}
      : { TimeToLiveSpecification: { AttributeName: definition.timeToLive, Enabled: true } }),
    ...(definition.stream === undefined
      ? {}
      : { StreamSpecification: { StreamViewType: definition.stream } }),
    SSESpecification: { SSEEnabled: false },
    Replicas: [
      expect.objectContaining({
        DeletionProtectionEnabled: protectData,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      }),
    ],
  }
}

type Keys = { readonly partitionKey: string; readonly sortKey?: string }

function keyNames({ partitionKey, sortKey }: Keys): string[] {
  return sortKey === undefined ? [partitionKey] : [partitionKey, sortKey]
}

function keySchema(keys: Keys) {
  const types = ['HASH', 'RANGE']
  return keyNames(keys).map((name, at) => ({ AttributeName: name, KeyType: types[at] }))
}
