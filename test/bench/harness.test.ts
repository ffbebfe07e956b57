// What measures must itself be right: rounds in turn, growth, flags, a suite's process, a kept result.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { parseFlags } from '../../bench/harness/flags.ts'
import { growthOf } from '../../bench/harness/growth.ts'
import { thisMachine } from '../../bench/harness/machine.ts'
import { suiteNames } from '../../bench/harness/registry.ts'
import { keepResult, type MeasuredSuite, merged, newestResult } from '../../bench/harness/result.ts'
import { inRounds, ratiosOf, spreadOf, told } from '../../bench/harness/rounds.ts'
import { runSuite } from '../../bench/harness/run-suite.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'b3iq-bench-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('rounds', () => {
  it('let each variant go first in turn, and count no warm-up', async () => {
    const order: string[] = []
    const variant = (name: string) => async () => order.push(name)
    const found = await inRounds(
      { a: variant('a'), b: variant('b'), c: variant('c') },
      { rounds: 2, warmUps: 1 },
    )
    expect(order.join('')).toBe('abcbcacab')
    expect(found.get('a')).toEqual([6, 8])
  })

  it('end when they are told to', async () => {
    const stop = AbortSignal.abort()
    await expect(inRounds({ a: async () => 1 }, { rounds: 1, signal: stop })).rejects.toThrow()
  })

  it('are compared one by one', () => {
    expect(ratiosOf([2, 9, 4], [1, 3, 4])).toEqual({ median: 2, least: 1, most: 3 })
    expect(told({ median: 1.9321, least: 1.8, most: 2.1 })).toBe('1.93 (1.8 to 2.1)')
    expect(() => spreadOf([])).toThrow('there is nothing to take the median of')
  })
})

describe('growth', () => {
  const at = (power: number) =>
    [100, 1_000, 10_000].map((size) => [size, 3 * size ** power] as const)

  test.each([0, 0.5, 1, 2])('to the power %f is found', (power) => {
    expect(growthOf(at(power))).toBeCloseTo(power, 9)
  })

  it('needs two sizes', () => {
    expect(() => growthOf([[100, 1]])).toThrow('a growth needs two sizes')
  })
})

describe('the command line', () => {
  const [first = 'fleet'] = suiteNames
  test.each([
    [[], { kind: 'run', names: suiteNames, isKept: true }],
    [[first], { kind: 'run', names: [first], isKept: false }],
    [[first, '--keep'], { kind: 'run', names: [first], isKept: true }],
    [['--list'], { kind: 'list' }],
    [['--pages'], { kind: 'pages' }],
  ])('%j is understood', (args, command) => {
    expect(parseFlags(args)).toEqual(command)
  })

  test.each([
    [['speed'], `There is no suite "speed"; there are ${suiteNames.join(', ')}.`],
    [['--quick'], 'There is no flag --quick; there are --list, --keep, --pages.'],
    [['--keep=no'], 'There is no flag --keep=no; there are --list, --keep, --pages.'],
    [['--pages', first], '--pages stands alone: nothing is run.'],
  ])('%j is refused', (args, why) => {
    expect(parseFlags(args)).toEqual({ kind: 'wrong', why })
  })
})

describe('a suite’s process', () => {
  const program = async (name: string, source: string) => {
    const file = join(folder, `${name}.mjs`)
    await writeFile(file, source)
    return file
  }
  const run = async (source: string, limitMs = 10_000) => {
    const lines: string[] = []
    const options = {
      onProgress: (line: string) => lines.push(line),
      signal: new AbortController().signal,
    }
    const file = await program(`suite-${Math.trunc(performance.now() * 1e3)}`, source)
    return { outcome: await runSuite('fleet', { ...options, program: file, limitMs }), lines }
  }
  const report = { tables: [], figures: { choice: 0.1 }, plots: {}, notes: [], skipped: [] }
  const send = (message: object) => `process.send(${JSON.stringify(message)});`

  it('tells how far it is, and reports', async () => {
    const { outcome, lines } = await run(
      send({ kind: 'progress', line: 'half of it' }) +
        send({ kind: 'measured', title: 'T', report }),
    )
    expect(lines).toEqual(['half of it'])
    expect(outcome).toMatchObject({ kind: 'measured', report })
  })

  test.each([
    ['without a word', '', 'Its process ended with 0.'],
    ['by a fault', 'process.exit(7)', 'Its process ended with 7.'],
    ['with a word', send({ kind: 'failed', why: 'No engine.', stack: '' }), 'No engine.'],
  ])('that ends %s has failed', async (_, source, why) => {
    expect((await run(source)).outcome).toEqual({ kind: 'failed', why })
  })

  it('that reports a figure which is no target has failed', async () => {
    const odd = { ...report, figures: { luck: 7 } }
    const { outcome } = await run(send({ kind: 'measured', title: 'T', report: odd }))
    expect(outcome).toMatchObject({ kind: 'failed', why: expect.stringMatching(/no such target/) })
  })

  it('that takes too long is ended', async () => {
    const { outcome } = await run('setInterval(() => {}, 1000)', 300)
    expect(outcome).toEqual({ kind: 'failed', why: 'It took longer than 0.3 s.' })
  })
})

describe('a kept result', () => {
  const report = { tables: [], figures: {}, plots: {}, notes: [], skipped: [] }
  const suite = (name: MeasuredSuite['name'], at: string): MeasuredSuite => ({
    name,
    title: name,
    at,
    load: 0,
    tookSec: 1,
    report,
  })
  const machine = thisMachine()

  it('is found again, the newest of all', async () => {
    expect(await newestResult(join(folder, 'none'))).toBeUndefined()
    const results = join(folder, 'results')
    const old = { machine, suites: [suite('fleet', '2026-11-20T10:00:00.000Z')] }
    const newer = { machine, suites: [suite('fleet', '2026-11-22T10:00:00.000Z')] }
    for (const result of [newer, old]) await keepResult(results, result)
    expect(await newestResult(results)).toEqual({ file: '2026-11-22.json', result: newer })
  })

  it('that cannot be read is told by its name', async () => {
    const results = join(folder, 'damaged')
    await mkdir(results)
    await writeFile(join(results, '2026-11-22.json'), '{"machine":')
    await expect(newestResult(results)).rejects.toThrow(
      'bench/results/2026-11-22.json cannot be read as a result: remove it.',
    )
  })

  it('has one suite replaced and keeps the others', () => {
    const old = { machine, suites: [suite('fleet', '2026-11-20T10:00:00.000Z')] }
    const found = { machine, suites: [suite('ledger', '2026-11-22T10:00:00.000Z')] }
    const both = merged(old, found)
    expect(both?.suites.map(({ name }) => name)).toEqual(['fleet', 'ledger'])
    const again = merged(old, { machine, suites: [suite('fleet', '2026-11-22T10:00:00.000Z')] })
    expect(again?.suites.map(({ at }) => at)).toEqual(['2026-11-22T10:00:00.000Z'])
  })

  it('is not mixed with another machine’s', () => {
    const other = { machine: { ...machine, cores: machine.cores + 1 }, suites: [] }
    expect(merged(other, { machine, suites: [] })).toBeUndefined()
  })
})
