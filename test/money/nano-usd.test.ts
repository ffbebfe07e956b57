import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatUsd, parseUsd } from '../../src/money/nano-usd.ts'

/** Everything that a USD string can say: twelve digits before the point, nine after it. */
const amount = fc.bigInt({ min: 0n, max: 10n ** 21n - 1n })

describe('an amount', () => {
  test('is read back as it was written, whatever it is', () => {
    fc.assert(fc.property(amount, (nanoUsd) => parseUsd(formatUsd(nanoUsd)) === nanoUsd))
  })

  test.each([
    [0n, '0'],
    [1n, '0.000000001'],
    [1_000_000_000n, '1'],
    [1_250_000_000n, '1.25'],
    [10n ** 21n - 1n, '999999999999.999999999'],
    [-1n, '-0.000000001'],
    [-2_500_000_000n, '-2.5'],
  ])('of %s nano-USD is written %s', (nanoUsd, text) => {
    expect(formatUsd(nanoUsd)).toBe(text)
  })

  test.each([
    ['0', 0n],
    ['0.000000001', 1n],
    ['1.25', 1_250_000_000n],
    ['1.250000000', 1_250_000_000n],
    ['25.00', 25_000_000_000n],
  ])('written %s is %s nano-USD', (text, nanoUsd) => {
    expect(parseUsd(text)).toBe(nanoUsd)
  })

  test.each([
    '',
    ' 1',
    '1 ',
    '1\n',
    '+1',
    '-1',
    '01',
    '.5',
    '1.',
    '1,5',
    '1e3',
    '0x10',
    '1.0000000001',
    '1000000000000',
    'NaN',
    'Infinity',
    '١',
  ])('is not read from %j', (text) => {
    expect(parseUsd(text)).toBeUndefined()
  })
})
