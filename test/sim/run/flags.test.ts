// Wrong flags get one sentence that says what is wrong and how to put it right.
import { expect, test } from 'vitest'
import { findBug } from '../bugs/corpus.ts'
import { parseFlags } from './flags.ts'

const known = ['seeds', 'from', 'seed', 'bug'] as const

test('flags are read', () => {
  expect(parseFlags(['--seeds', '500', '--from=7', '--bug', 'some-bug'], known)).toEqual({
    seeds: 500,
    from: 7,
    seed: undefined,
    starts: undefined,
    workers: undefined,
    bug: 'some-bug',
    canary: false,
  })
})

test.each([
  [['--seeds', 'many'], '--seeds must be a whole number from 1 to 100000000, not "many".'],
  [['--seeds', '0'], '--seeds must be a whole number from 1 to 100000000, not "0".'],
  [['--seeds', '-5'], '--seeds must be a whole number from 1 to 100000000, not "-5".'],
  [['--seeds'], '--seeds must be a whole number from 1 to 100000000, not nothing.'],
  [['--seed', '1.5'], '--seed must be a whole number from 0 to 4294967295, not "1.5".'],
  [['--bug'], '--bug needs the name of a bug.'],
  [['--speed', '3'], 'There is no flag --speed; there are --seeds, --from, --seed, --bug.'],
  [['--workers', '3'], 'There is no flag --workers; there are --seeds, --from, --seed, --bug.'],
  [['20000'], '"20000" belongs to no flag; there are --seeds, --from, --seed, --bug.'],
])('%j is refused', (args, message) => {
  expect(() => parseFlags(args, known)).toThrow(message)
})

test('a bug that is not there is told from those that are', () => {
  expect(() => findBug('x')).toThrow('There is no bug "x"; there are settle-ignores-nonce, ')
})
