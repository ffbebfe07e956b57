// How replies look to people: aligned, in USD, with times they can read, and with nothing in them that
// drives a terminal.
import { describe, expect, it } from 'vitest'
import { ago, alignedAmounts } from '../../../apps/cli/cells.ts'
import { columns, toRecord, toTable } from '../../../apps/cli/table.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')

describe('a list', () => {
  it('stands in columns, amounts point under point and counts to the right', () => {
    const rows = [
      { id: 'a', wallet: { available_usd: '10' }, n: 5, at: '2026-11-21T11:59:30Z', tags: {} },
      {
        id: 'bb',
        wallet: { available_usd: '0.000036901' },
        n: 50,
        at: null,
        tags: { team: 'red' },
      },
    ]
    const shown = columns('id', 'wallet.available_usd:usd=USD', 'n:count', 'at:ago=when', 'tags')
    expect(toTable(rows, shown, nowMs)).toEqual([
      'id           USD   n  when      tags',
      'a   10             5  30 s ago  -',
      'bb   0.000036901  50  -         team=red',
    ])
  })

  it('says so when there is nothing', () => {
    expect(toTable([], columns('id'), nowMs)).toEqual(['There are none.'])
  })
})

describe('one thing', () => {
  it('is told field by field, with lists of things as tables of their own', () => {
    const thing = {
      object: 'billing.account',
      status: 'active',
      created_at: '2026-11-21T09:00:00.000Z',
      limits: { concurrency: null, scopes: ['inference', 'billing:read'] },
      is_smoke: false,
      open_holds: [{ request_id: 'r', amount_usd: '0.5' }],
    }
    expect(toRecord(thing, nowMs)).toEqual([
      'status              active',
      'created_at          2026-11-21T09:00:00.000Z (3 h ago)',
      'limits.concurrency  -',
      'limits.scopes       inference, billing:read',
      'is_smoke            no',
      '',
      'open_holds:',
      '  request_id  amount_usd',
      '  r                  0.5',
    ])
  })

  it('is harmless to a terminal, whatever a server put into names and values', () => {
    const lines = toRecord({ 'a\u{1b}[2J': 'b\u{9b}31m', rows: [{ 'c\u{7}': '\u{202e}d' }] }, nowMs)
    expect(lines.join('')).not.toMatch(/\p{C}/u)
  })
})

it.each([
  ['2026-11-21T11:59:59.500Z', 'now'],
  ['2026-11-21T11:58:00Z', '2 min ago'],
  ['2026-11-19T11:00:00Z', '2 d ago'],
  ['2026-11-21T16:30:00Z', 'in 4 h'],
  ['soon', 'soon'],
])('%s is %s', (iso, told) => {
  expect(ago(iso, nowMs)).toBe(told)
})

it('aligns amounts of any length, and what is none', () => {
  expect(alignedAmounts(['1.25', '-100', '-'])).toEqual(['   1.25', '-100   ', '   -   '])
})
