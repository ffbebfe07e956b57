import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  blocker,
  blockerTable,
  ExcludedBy,
  excludedBy,
  runbookOf,
} from '../../src/fleet/blockers.ts'

const rows = Object.entries(blockerTable)

describe('every blocker', () => {
  test.each(rows)('%s is one sentence for the owner', (_, { message }) => {
    expect(message).toMatch(/^[A-Z].*\.$/)
    expect(message.length).toBeLessThanOrEqual(110)
  })

  test.each(rows)('%s has a reason that customers hear', (code, row) => {
    expect(excludedBy(code)).toBe(row.excludedBy)
    expect(ExcludedBy.options).toContain(row.excludedBy)
  })
})

describe('the runbook', () => {
  const [path = ''] = runbookOf('').split('#')
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const sections = text.split(/^### /m).slice(1)
  const sectionOf = (code: string) => sections.find((section) => section.startsWith(`${code}\n`))

  test.each(rows)('has a section for %s that says what to do', (code) => {
    expect(runbookOf(code)).toBe(`${path}#${code}`)
    expect(sectionOf(code)?.split(/\s+/).length).toBeGreaterThan(15)
  })

  test('has none for anything else', () => {
    const codes = sections.map((section) => section.split('\n')[0])
    expect(codes.toSorted()).toEqual(Object.keys(blockerTable).toSorted())
  })
})

test('a blocker is its row under its code', () => {
  expect(blocker('route_down')).toEqual({
    gate: 'route',
    code: 'route_down',
    message: blockerTable.route_down.message,
  })
})

test.each(['', 'no_such_blocker', 'toString', '__proto__'])('%j excludes nobody', (code) => {
  expect(excludedBy(code)).toBeUndefined()
})
