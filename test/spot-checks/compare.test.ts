import { describe, expect, test } from 'vitest'
import { compareFirstTokens, firstTokenOf, type TopToken } from '../../src/spot-checks/compare.ts'
import { asLogprobs, moved, tops } from './facts.ts'

const tau = 0.02
const other = (token: string): TopToken => ({ token, logprob: -5 })

describe('two first tokens', () => {
  test.each([
    ['the same', tops, 'pass', 5, 0],
    ['within the threshold', moved(0.02), 'pass', 5, 0.02],
    ['beyond it', moved(0.021), 'fail', 5, 0.021],
    ['beyond it downwards', moved(-0.021), 'fail', 5, 0.021],
    ['in another order', moved(0.001).toReversed(), 'pass', 5, 0.001],
    ['one token apart', [...tops.slice(0, 4), other(' Some')], 'pass', 4, 0],
    ['two tokens apart', [...tops.slice(0, 3), other(' x'), other(' y')], 'fail', 3, 0],
    ['of other tokens', tops.map((_, index) => other(` ${index}`)), 'fail', 0, 0],
    ['five times the same token', tops.map(() => other(' The')), 'fail', 1, 4.5],
  ] as const)('%s', (_, observed, kind, sharedTokens, meanDelta) => {
    const comparison = compareFirstTokens(tops, observed, tau)
    expect(comparison).toMatchObject({ kind, sharedTokens })
    expect('meanDelta' in comparison && comparison.meanDelta).toBeCloseTo(meanDelta, 9)
  })

  test('of which one is not shown say nothing', () => {
    expect(compareFirstTokens(tops, undefined, tau)).toEqual({ kind: 'inconclusive' })
  })
})

describe('what a host shows', () => {
  test('is read from its first token, most likely first', () => {
    const shown = asLogprobs(tops.toReversed())
    expect(firstTokenOf({ ...shown, content: [...shown.content, { top_logprobs: [] }] })).toEqual(
      tops,
    )
  })

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['no content', { content: null }],
    ['no tokens', { content: [] }],
    ['fewer than five', asLogprobs(tops.slice(0, 4))],
    ['a probability and no logarithm', asLogprobs([{ token: 'a', logprob: 2 }, ...tops])],
    ['more than OpenAI gives', asLogprobs(Array.from({ length: 21 }, () => other(' a')))],
    ['text', 'logprobs'],
  ])('is not read from %s', (_, logprobs) => {
    expect(firstTokenOf(logprobs)).toBeUndefined()
  })
})
