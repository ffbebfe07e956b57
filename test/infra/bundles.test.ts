import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  type BundleOutput,
  bundleBudgetsKb,
  bundleFaults,
} from '../../infra/constructs/bundle-budgets.ts'

const entry = 'functions/ingest/handler.ts'

const bundle = (kb: number, inputs: Readonly<Record<string, number>> = {}): BundleOutput => ({
  bytes: kb * 1000,
  inputs: Object.fromEntries(
    Object.entries(inputs).map(([path, inKb]) => [path, { bytesInOutput: inKb * 1000 }]),
  ),
})

describe('a bundle', () => {
  test('may be as large as its budget', () => {
    expect(bundleFaults(entry, bundle(100), 100)).toEqual([])
  })

  test('that is larger is told in one sentence, with what it is made of', () => {
    const large = bundle(100.1, { 'src/small.ts': 1, 'node_modules/big/index.js': 90 })
    expect(bundleFaults(entry, large, 100)).toEqual([
      'functions/ingest/handler.ts has 100.1 KB minified and may have 100; its largest inputs in KB: node_modules/big/index.js 90.0, src/small.ts 1.0.',
    ])
  })

  test('without a budget is not deployed', () => {
    expect(() => bundleFaults('functions/new.ts', bundle(1))).toThrow(
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
    const faults = bundleFaults(entry, bundle(1, { [path]: 1 }))
    expect(faults).toEqual([expect.stringContaining(`bundles ${path}: `)])
  })

  test('may speak English, and sign', () => {
    const paths = ['node_modules/zod/v4/locales/en.js', 'node_modules/@smithy/signature-v4/a.js']
    expect(bundleFaults(entry, bundle(2, Object.fromEntries(paths.map((p) => [p, 1]))))).toEqual([])
  })
})

test.each(Object.keys(bundleBudgetsKb))('%s is there to be bundled', (path) => {
  expect(existsSync(new URL(`../../${path}`, import.meta.url))).toBe(true)
})
