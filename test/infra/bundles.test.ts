import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  type BundlePart,
  budgetOf,
  bundleBudgets,
  bundleFaults,
} from '../../infra/constructs/bundle-budgets.ts'

const entry = 'functions/ingest/handler.ts'

const part = (kb: number, inputs: Readonly<Record<string, number>> = {}): BundlePart => ({
  bytes: kb * 1000,
  inputs: new Map(Object.entries(inputs).map(([path, inKb]) => [path, inKb * 1000])),
})

describe('a bundle', () => {
  test('may be as large as its budget, at its start and later', () => {
    const parts = { start: part(100), later: part(50) }
    expect(bundleFaults(entry, parts, { startKb: 100, laterKb: 50 })).toEqual([])
  })

  test('that loads more at its start is told in one sentence, with what it is made of', () => {
    const start = part(100.1, { 'src/small.ts': 1, 'node_modules/big/index.js': 90 })
    expect(bundleFaults(entry, { start, later: part(0) }, { startKb: 100, laterKb: 0 })).toEqual([
      'functions/ingest/handler.ts loads at its start 100.1 KB minified and may have 100; its largest inputs in KB: node_modules/big/index.js 90.0, src/small.ts 1.0.',
    ])
  })

  test('that loads more later than it may is told as well', () => {
    const later = part(1, { 'src/late.ts': 1 })
    expect(bundleFaults(entry, { start: part(1), later }, { startKb: 1, laterKb: 0 })).toEqual([
      'functions/ingest/handler.ts loads later 1.0 KB minified and may have 0; its largest inputs in KB: src/late.ts 1.0.',
    ])
  })

  test('without a budget is not deployed', () => {
    expect(() => budgetOf('functions/new.ts')).toThrow(
      'functions/new.ts has no budget: give it a row in infra/constructs/bundle-budgets.ts.',
    )
  })

  test.each([
    'node_modules/zod/v4/locales/de.js',
    'node_modules/@aws-sdk/nested-clients/dist-es/submodules/sts/index.js',
    'node_modules/@aws-sdk/credential-provider-sso/dist-es/index.js',
    'node_modules/@aws-sdk/credential-provider-ini/dist-es/index.js',
    'node_modules/@aws-sdk/credential-provider-login/dist-es/index.js',
    'node_modules/@aws-sdk/credential-provider-web-identity/dist-es/index.js',
    'node_modules/aws-cdk-lib/index.js',
    'test/support/test-host.ts',
  ])('does not carry %s', (path) => {
    const carrying = part(1, { [path]: 1 })
    const told = [expect.stringContaining(`bundles ${path}: `)]
    const budget = { startKb: 1, laterKb: 1 }
    expect(bundleFaults(entry, { start: carrying, later: part(0) }, budget)).toEqual(told)
    expect(bundleFaults(entry, { start: part(0), later: carrying }, budget)).toEqual(told)
  })

  test('may speak English, and sign', () => {
    const paths = ['node_modules/zod/v4/locales/en.js', 'node_modules/@smithy/signature-v4/a.js']
    const start = part(2, Object.fromEntries(paths.map((path) => [path, 1])))
    expect(bundleFaults(entry, { start, later: part(0) })).toEqual([])
  })
})

test.each(Object.keys(bundleBudgets))('%s is there to be bundled', (path) => {
  expect(existsSync(new URL(`../../${path}`, import.meta.url))).toBe(true)
})
