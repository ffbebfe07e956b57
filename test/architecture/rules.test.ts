// Each rule catches what it is for and lets the rest pass, shown on sources of a line or two.
import { describe, expect, it } from 'vitest'
import { ambientViolations } from './ambient.ts'
import {
  dependencyViolations,
  laptopViolations,
  lengthViolations,
  mockViolations,
  placeViolations,
  zodViolations,
} from './house-rules.ts'
import { carriedViolations, importCycles } from './import-graph.ts'
import { parseSource, type SourceFile } from './source-file.ts'
import { importViolations } from './zones.ts'

/** How many violations `rule` finds in `text` at `path`. */
const count = (rule: (file: SourceFile) => string[], path: string, text: string) =>
  rule(parseSource(path, text)).length

const importing = (path: string, specifier: string) =>
  count(importViolations, path, `import { x } from '${specifier}'`)

describe('an import is refused', () => {
  it.each([
    ['src/money/price.ts', '../protocol/ids.ts'],
    ['src/money/price.ts', 'zod'],
    ['src/money/price.ts', 'node:crypto'],
    ['src/protocol/ids.ts', '../money/price.ts'],
    ['src/protocol/ids.ts', '@aws-sdk/client-dynamodb'],
    ['src/names.ts', './tables.ts'],
    ['src/tables.ts', './money/nano-usd.ts'],
    ['src/rights.ts', './protocol/ids.ts'],
    ['src/ledger/wallet.ts', '../gateway/settle-request.ts'],
    ['src/ledger/wallet.ts', '../adapters/dynamodb/client.ts'],
    ['src/ledger/wallet.ts', '../names.ts'],
    ['src/ledger/wallet.ts', '@aws-sdk/lib-dynamodb'],
    ['src/fleet/node.ts', 'aws-cdk-lib/aws-lambda'],
    ['src/dispatch/attempt.ts', 'hono'],
    ['src/keys/api-key.ts', '@middy/core'],
    ['src/gateway/app.ts', '../adapters/system.ts'],
    ['src/gateway/app.ts', '../ingest/app.ts'],
    ['src/gateway/app.ts', '@hono/node-server'],
    ['src/gateway/app.ts', '../../functions/environment.ts'],
    ['src/schedules/bounded.ts', '../admin/app.ts'],
    ['src/http/surface.ts', '../gateway/app.ts'],
    ['src/admin/app.ts', '@aws-sdk/client-ssm'],
    ['src/adapters/system.ts', '../gateway/app.ts'],
    ['src/adapters/system.ts', '../http/respond.ts'],
    ['functions/gateway/server.ts', '../../apps/local/main.ts'],
    ['functions/gateway/server.ts', 'aws-cdk-lib'],
    ['infra/app.ts', '../src/ledger/wallet.ts'],
    ['infra/app.ts', '../functions/environment.ts'],
    ['infra/app.ts', '@aws-sdk/client-ssm'],
    ['apps/host/run.ts', '../../src/fleet/node.ts'],
    ['apps/host/run.ts', '../cli/gateway.ts'],
    ['apps/host/run.ts', '@aws-sdk/client-dynamodb'],
    ['apps/cli/main.ts', '../../src/adapters/system.ts'],
    ['apps/local/main.ts', '../../test/support/fakes.ts'],
    ['src/elsewhere/file.ts', './other.ts'],
  ])('from %s of %s', (path, specifier) => {
    expect(importing(path, specifier)).toBe(1)
  })
})

describe('an import is allowed', () => {
  it.each([
    ['src/money/price.ts', './nano-usd.ts'],
    ['src/protocol/ids.ts', 'zod'],
    ['src/protocol/ids.ts', 'node:crypto'],
    ['src/ledger/wallet.ts', '../receipts/make-receipt.ts'],
    ['src/gateway/app.ts', '../ledger/reserve.ts'],
    ['src/gateway/app.ts', '../http/respond.ts'],
    ['src/gateway/app.ts', 'hono/cors'],
    ['src/adapters/dynamodb/client.ts', '@aws-sdk/lib-dynamodb'],
    ['src/adapters/dynamodb/client.ts', '../../tables.ts'],
    ['functions/gateway/server.ts', '../../src/adapters/system.ts'],
    ['infra/app.ts', '../src/names.ts'],
    ['infra/permissions.ts', '../src/rights.ts'],
    ['apps/cli/main.ts', '../../src/receipts/verify-receipt.ts'],
    ['apps/local/main.ts', '../../functions/environment.ts'],
    ['apps/local/main.ts', '../host/run.ts'],
  ])('from %s of %s', (path, specifier) => {
    expect(importing(path, specifier)).toBe(0)
  })
})

describe('an import is seen', () => {
  it.each([
    ["import type { X } from '../gateway/app.ts'"],
    ["import { type X } from '../gateway/app.ts'"],
    ["import '../gateway/app.ts'"],
    ["export { x } from '../gateway/app.ts'"],
    ["export * from '../gateway/app.ts'"],
    ["type X = import('../gateway/app.ts').X"],
    ["const load = () => import('../gateway/app.ts')"],
    ['const load = (path: string) => import(path)'],
  ])('in %s', (text) => {
    expect(count(importViolations, 'src/ledger/wallet.ts', text)).toBe(1)
  })

  it('but not in a comment or a string', () => {
    const text = `// import '../gateway/app.ts'\nconst text = "import '../gateway/app.ts'"`
    expect(count(importViolations, 'src/ledger/wallet.ts', text)).toBe(0)
  })

  it('with its file, its line and its rule', () => {
    const file = parseSource('src/money/price.ts', "// why\n\nimport * as z from 'zod'\n")
    expect(importViolations(file)).toEqual([
      'src/money/price.ts:3 imports zod: money imports nothing outside money',
    ])
  })
})

describe('what comes from the air is refused under src', () => {
  it.each([
    ['Date.now()'],
    ['const nowMs = Date.now'],
    ['new Date()'],
    ['Math.random()'],
    ['performance.now()'],
    ["import { randomUUID } from 'node:crypto'"],
    ["import { randomBytes as bytes } from 'node:crypto'"],
    ['crypto.randomUUID()'],
    ['process.env'],
    ['setTimeout(() => undefined, 5)'],
    ['setInterval(() => undefined, 5)'],
    ["import { setTimeout as delay } from 'node:timers/promises'"],
    ["fetch('https://example.com')"],
    ['globalThis.fetch'],
    ["console.log('x')"],
    ["import { readFile } from 'node:fs/promises'"],
  ])('%s', (text) => {
    expect(count(ambientViolations, 'src/ledger/wallet.ts', text)).toBe(1)
    expect(count(ambientViolations, 'src/adapters/system.ts', text)).toBe(0)
    expect(count(ambientViolations, 'apps/host/run.ts', text)).toBe(0)
  })

  it.each([
    ['new Date(atMs)'],
    ['deps.fetch(request)'],
    ["import { createHash } from 'node:crypto'"],
    ['app.fetch'],
  ])('but not %s', (text) => {
    expect(count(ambientViolations, 'src/ledger/wallet.ts', text)).toBe(0)
  })
})

describe('the import graph', () => {
  const file = (path: string, ...targets: string[]) =>
    parseSource(path, targets.map((target) => `import { x } from '${target}'`).join('\n'))

  it('shows a ring as the path around it', () => {
    const ring = [
      file('src/a.ts', './b.ts'),
      file('src/b.ts', './c.ts'),
      file('src/c.ts', './b.ts'),
    ]
    expect(importCycles(ring)).toEqual(['import cycle: src/b.ts → src/c.ts → src/b.ts'])
  })

  it('takes two ways to one file for no ring', () => {
    const files = [
      file('src/a.ts', './b.ts', './c.ts'),
      file('src/b.ts', './c.ts'),
      file('src/c.ts'),
    ]
    expect(importCycles(files)).toEqual([])
  })

  it('shows what a program carries through others, types aside', () => {
    const files = [
      file('apps/cli/main.ts', '../../src/receipts/a.ts'),
      file('src/receipts/a.ts', '../ledger/b.ts'),
      parseSource('src/receipts/b.ts', "import type { X } from '../fleet/node.ts'"),
    ]
    expect(carriedViolations(files, /^apps\/cli\//)).toEqual([
      'src/receipts/a.ts:1 carries src/ledger/b.ts into a program that ships',
    ])
  })
})

describe('a file', () => {
  it.each([
    ["import { z } from 'zod'", 1],
    ["import z from 'zod'", 1],
    ["import { type ZodType } from 'zod'", 1],
    ["import * as z from 'zod'", 0],
    ["import type * as z from 'zod'", 0],
  ])('with %s has %d violations', (text, violations) => {
    expect(count(zodViolations, 'src/fleet/node.ts', text)).toBe(violations)
  })

  it('may have 300 lines and no more', () => {
    expect(count(lengthViolations, 'src/fleet/node.ts', '//\n'.repeat(300))).toBe(0)
    expect(count(lengthViolations, 'src/fleet/node.ts', '//\n'.repeat(301))).toBe(1)
  })

  it('names what it needs when it runs under dependencies', () => {
    const manifest = {
      dependencies: { hono: '4' },
      optionalDependencies: {},
      devDependencies: { '@scope/tool': '1' },
    }
    const missing = (path: string, text: string) =>
      count((file) => dependencyViolations(file, manifest), path, text)
    expect(missing('src/http/surface.ts', "import { cors } from 'hono/cors'")).toBe(0)
    expect(missing('src/http/surface.ts', "import { x } from '@scope/tool/x'")).toBe(1)
    expect(missing('src/http/surface.ts', "import type { X } from '@scope/tool'")).toBe(0)
    expect(missing('test/http/surface.test.ts', "import { x } from '@scope/tool'")).toBe(0)
    expect(missing('test/http/surface.test.ts', "import { x } from 'unlisted'")).toBe(1)
  })

  it('knows the laptop stack only as part of it or as its test', () => {
    const imports = (path: string, target: string) =>
      count(laptopViolations, path, `import { x } from '${target}'`)
    expect(imports('test/apps/host/run.test.ts', '../../../apps/local/stack.ts')).toBe(1)
    expect(imports('scripts/seed.ts', '../apps/local/stack.ts')).toBe(1)
    expect(imports('test/apps/local/stack.test.ts', '../../../apps/local/stack.ts')).toBe(0)
    expect(imports('apps/local/main.ts', './stack.ts')).toBe(0)
  })
})

describe('a test', () => {
  it('uses no mocked module', () => {
    expect(count(mockViolations, 'test/x.test.ts', "vi.mock('./a.ts')")).toBe(1)
    expect(count(mockViolations, 'test/x.test.ts', "it('bans vi.mock', () => vi.fn())")).toBe(0)
  })

  const folders = new Set(['src', 'src/ledger', 'apps', 'apps/cli'])
  it.each([
    ['test/ledger/wallet.test.ts', 0],
    ['test/apps/cli/verify.test.ts', 0],
    ['test/architecture.test.ts', 0],
    ['test/sim/crash.test.ts', 0],
    ['test/wallet.test.ts', 1],
    ['test/ledgers/wallet.test.ts', 1],
    ['test/apps/cli/more/verify.test.ts', 1],
  ])('at %s has %d violations', (path, violations) => {
    expect(placeViolations(path, folders)).toHaveLength(violations)
  })
})
