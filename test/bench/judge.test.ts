// A promise is met, missed, or told why it has no figure; silence about one fails a run as a miss does.
import { describe, expect, it, test } from 'vitest'
import { complaints, judge, type Reported } from '../../bench/harness/judge.ts'
import { registry, type SuiteRow } from '../../bench/harness/registry.ts'
import { isMet, targets } from '../../bench/harness/targets.ts'
import { number, targetsTable, textTable } from '../../bench/harness/tell.ts'

const fleet = (report: Partial<Reported['report']>): Reported => ({
  name: 'fleet',
  report: { figures: {}, skipped: [], ...report },
})

test('each target is owed by one suite', () => {
  const rows: readonly SuiteRow[] = Object.values(registry)
  const owed = rows.flatMap(({ owes }) => owes)
  expect(owed.toSorted()).toEqual(Object.keys(targets).toSorted())
})

test('a figure at its limit is met', () => {
  expect([isMet(targets.recompute, 30), isMet(targets.recompute, 30.1)]).toEqual([true, false])
  expect([isMet(targets.simulation, 200), isMet(targets.simulation, 199)]).toEqual([true, false])
})

describe('a run', () => {
  it('is judged by the targets of its suites alone', () => {
    const judged = judge([fleet({ figures: { recompute: 29, choice: 0.3 } })])
    expect(judged.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['recompute', { kind: 'met', figure: 29 }],
      ['choice', { kind: 'missed', figure: 0.3 }],
    ])
  })

  it('fails for a missed target, an unexplained one, and a check that fails', () => {
    const checks = [
      { what: 'grows linearly', isMet: false },
      { what: 'keeps nothing', isMet: true },
    ]
    expect(complaints([fleet({ figures: { choice: 0.3 }, checks })])).toEqual([
      'The suite fleet says nothing of recompute.',
      'Missed: choice among 1,000 candidates.',
      'Failed: grows linearly.',
    ])
  })

  it('passes without a figure where the suite says why', () => {
    const suite = fleet({ figures: { recompute: 3 }, skipped: ['There is no clock.'] })
    expect(complaints([suite])).toEqual([])
    expect(judge([suite])[1]?.verdict).toEqual({ kind: 'not_measured', why: 'There is no clock.' })
  })
})

describe('what is printed', () => {
  test.each([
    [0.000123456, '0.000123'],
    [12.345, '12.3'],
    [99.96, '100'],
    [1_234.6, '1,235'],
    [0, '0'],
  ])('%f is told as %s', (value, told) => {
    expect(number(value)).toBe(told)
  })

  test('targets beside what was measured', () => {
    const table = targetsTable(judge([fleet({ figures: { recompute: 31 }, skipped: ['No.'] })]))
    expect(table.rows).toEqual([
      ['eligibility of 100,000 profiles, of one core', '≤ 30 s', '', '31 s', '✗'],
      ['choice among 1,000 candidates', '≤ 0.2 ms', '', 'not measured: No.', '–'],
    ])
  })

  test('in columns as wide as their cells', () => {
    const table = {
      title: 'T',
      columns: ['who', 'n'],
      rows: [
        ['a', 5],
        ['longer', 1_000],
      ],
    }
    expect(textTable(table)).toBe(
      ['T', '', 'who         n', '──────  ─────', 'a           5', 'longer  1,000'].join('\n'),
    )
  })
})
