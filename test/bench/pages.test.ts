// A page shows what a kept result says and nothing else: nobody writes a number by hand.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { withTables } from '../../bench/cost/page.ts'
import {
  performanceTables,
  plotFiles,
  plotPrefix,
  readmeTables,
} from '../../bench/harness/pages.ts'
import type { Kept, MeasuredSuite } from '../../bench/harness/result.ts'
import { newestResult, readResult } from '../../bench/harness/result.ts'

const root = join(import.meta.dirname, '..', '..')
const results = join(root, 'bench', 'results')

const fleet: MeasuredSuite = {
  name: 'fleet',
  title: 'What the fleet costs.',
  at: '2026-11-22T03:00:00.000Z',
  commit: { hash: 'abcdef012345', isDirty: false },
  load: 0.2,
  tookSec: 40,
  report: {
    tables: [{ title: 'Passes', columns: ['profiles', 's'], rows: [['a | b', 0.123456]] }],
    figures: { recompute: 12, choice: 0.3 },
    checks: [{ what: 'grows linearly', isMet: true }],
    plots: { growth: '<svg/>' },
    notes: ['Without sockets.'],
    skipped: ['The other half.'],
  },
}
const ledger: MeasuredSuite = {
  ...fleet,
  name: 'ledger',
  commit: { hash: '0123456789ab', isDirty: true },
  report: { tables: [], figures: { simulation: 300 }, plots: {}, notes: [], skipped: [] },
}
const machine = { processor: 'P', cores: 2, memoryGib: 8, kernel: 'linux 6', node: 'v24' }
const keptOf = (suites: readonly MeasuredSuite[]): Kept => ({
  file: '2026-11-22.json',
  result: { machine, suites },
})

describe('a page', () => {
  const { run = '', targets = '', ...sections } = performanceTables(keptOf([fleet, ledger]))

  it('says where its numbers come from, suite by suite where these differ', () => {
    expect(run).toBe(
      'Measured on 2026-11-22 at commit abcdef012345 (fleet) and commit 0123456789ab with changes ' +
        '(ledger): 2 cores of P, 8 GiB, linux 6, Node v24; load before a suite 0.2 to 0.2. All of ' +
        'it: `bench/results/2026-11-22.json`.',
    )
  })

  it('has every target of the suites that ran', () => {
    expect(targets.split('\n').slice(2)).toEqual([
      '| eligibility of 100,000 profiles, of one core | ≤ 30 s |  | 12 s | ✓ |',
      '| choice among 1,000 candidates | ≤ 0.2 ms |  | 0.3 ms | ✗ |',
      '| simulated histories a second and core | ≥ 200 /s |  | 300 /s | ✓ |',
    ])
  })

  it('has tables, picture and remarks of each suite, and says which did not run', () => {
    expect(sections.fleet).toBe(
      [
        'What the fleet costs.',
        '**Passes**',
        '| profiles | s |\n| --- | ---: |\n| a \\| b | 0.123 |',
        '![growth](plots/bench-fleet-growth.svg)',
        '- ✓ grows linearly\n- Without sockets.\n- Not measured: The other half.',
      ].join('\n\n'),
    )
    expect(sections.peers).toBe('Not measured.')
  })

  it('stands beside the pictures that it shows', () => {
    expect([...plotFiles(keptOf([fleet]).result)]).toEqual([['bench-fleet-growth.svg', '<svg/>']])
  })
})

test('what is committed is what the named result says', async () => {
  const page = await readFile(join(root, 'docs', 'performance.md'), 'utf8')
  const file = /`bench\/results\/([\d-]+\.json)`/.exec(page)?.[1]
  if (file === undefined) return expect(await newestResult(results)).toBeUndefined()
  const kept = await readResult(results, file)
  expect(page).toBe(withTables(page, performanceTables(kept)))
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  expect(readme).toBe(withTables(readme, readmeTables(kept)))
  const plots = join(root, 'docs', 'plots')
  const drawn = (await readdir(plots)).filter((name) => name.startsWith(plotPrefix))
  const files = plotFiles(kept.result)
  expect(drawn.toSorted()).toEqual([...files.keys()].toSorted())
  for (const [name, svg] of files) expect(await readFile(join(plots, name), 'utf8')).toBe(svg)
})
