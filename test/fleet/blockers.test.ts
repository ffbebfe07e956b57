import { describe, expect, test } from 'vitest'
import { blocker, blockerTable, ExcludedBy, excludedBy } from '../../src/fleet/blockers.ts'

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
