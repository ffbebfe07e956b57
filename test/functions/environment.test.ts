import { describe, expect, test } from 'vitest'
import { readConfig } from '../../functions/environment.ts'
import { envKey } from '../../src/names.ts'

const env = {
  [envKey.stage]: 'prod',
  [envKey.balancesTable]: 'balances',
  [envKey.keysTable]: 'keys',
  [envKey.profilesTable]: 'profiles',
  [envKey.receiptsTable]: 'receipts',
  [envKey.spendTable]: 'spend',
  [envKey.secretsSource]: 'ssm:/b3iq/prod/secrets',
}

test('what is required, with the defaults of the rest', () => {
  expect(readConfig({ ...env, PATH: '/bin' })).toEqual({
    stage: 'prod',
    tables: {
      balances: 'balances',
      keys: 'keys',
      profiles: 'profiles',
      receipts: 'receipts',
      spend: 'spend',
    },
    secretsSource: 'ssm:/b3iq/prod/secrets',
    deadlineMs: 300_000,
    leaseMarginMs: 120_000,
    beatIntervalMs: 15_000,
    artifactsFolder: undefined,
    dynamodbEndpoint: undefined,
    tunnels: undefined,
    isLocal: false,
  })
})

test('durations are numbers, and stage local is a laptop', () => {
  expect(
    readConfig({
      ...env,
      [envKey.stage]: 'local',
      [envKey.deadlineMs]: '840000',
      [envKey.leaseMarginMs]: '500',
      [envKey.beatIntervalMs]: '250',
      [envKey.artifactsFolder]: '/srv/artifacts',
      [envKey.dynamodbEndpoint]: 'http://127.0.0.1:8000',
    }),
  ).toMatchObject({
    deadlineMs: 840_000,
    leaseMarginMs: 500,
    beatIntervalMs: 250,
    artifactsFolder: '/srv/artifacts',
    dynamodbEndpoint: 'http://127.0.0.1:8000',
    isLocal: true,
  })
})

test('tunnels are one document', () => {
  const tunnels = { accountId: 'a', zoneId: 'b', zoneName: 'hosts.example.net' }
  expect(readConfig({ ...env, [envKey.tunnels]: JSON.stringify(tunnels) })).toMatchObject({
    tunnels,
  })
  expect(() => readConfig({ ...env, [envKey.tunnels]: '{"accountId":"a","zoneId":"b"}' })).toThrow(
    `The environment variable ${envKey.tunnels}.zoneName is not valid`,
  )
})

describe('what is wrong is named', () => {
  test.each(Object.keys(env))('%s is required', (name) => {
    expect(() => readConfig({ ...env, [name]: undefined })).toThrow(
      `The environment variable ${name} is not valid`,
    )
  })

  test.each([
    [envKey.stage, 'Prod'],
    [envKey.stage, 'a'.repeat(33)],
    [envKey.keysTable, 'my table'],
    [envKey.secretsSource, ''],
    [envKey.deadlineMs, '999'],
    [envKey.deadlineMs, '840001'],
    [envKey.deadlineMs, '5m'],
    [envKey.leaseMarginMs, '1000.5'],
    [envKey.beatIntervalMs, '0'],
    [envKey.dynamodbEndpoint, 'localhost'],
    [envKey.tunnels, 'hosts.example.net'],
  ])('%s=%s', (name, value) => {
    expect(() => readConfig({ ...env, [name]: value })).toThrow(
      `The environment variable ${name} is not valid`,
    )
  })
})
