import { describe, expect, test } from 'vitest'
import {
  countRatio,
  firstContentAt,
  isStreamed,
  prefillTokensPerSecond,
  tokensPerSecond,
} from '../../src/benchmark/speeds.ts'
import { anAnswer } from './answers.ts'

describe('the speed of an answer', () => {
  test('is what came after its first frame, over the time that took', () => {
    expect(tokensPerSecond(anAnswer())).toBeCloseTo(99)
  })

  test('is not raised by holding text back and sending it first', () => {
    const held = anAnswer({ firstFrameBytes: 200, firstContentMs: 700 })
    expect(tokensPerSecond(held)).toBeCloseTo(100)
  })

  test.each([
    ['one frame', { frames: 1, firstFrameBytes: 400, firstContentMs: 1_200 }],
    ['many frames at once', { firstContentMs: 1_190 }],
  ])('that came as %s is taken over all of its time', (_, changes) => {
    expect(isStreamed(anAnswer(changes))).toBe(false)
    expect(tokensPerSecond(anAnswer(changes))).toBeCloseTo(100 / 1.2)
  })

  test.each([
    [{ firstContentMs: undefined, bytes: 0, frames: 0, lastContentMs: 0 }],
    [{ firstContentMs: 0, lastContentMs: 0, frames: 1, firstFrameBytes: 400 }],
  ])('is a number, whatever is missing: %j', (changes) => {
    expect(tokensPerSecond(anAnswer(changes))).toSatisfy(Number.isFinite)
    expect(prefillTokensPerSecond(anAnswer(changes))).toSatisfy(Number.isFinite)
  })
})

test('a prompt is read at its tokens over the time to the first content', () => {
  expect(prefillTokensPerSecond(anAnswer())).toBeCloseTo(250)
})

test('percentiles of the first content are of answers that have one', () => {
  const answers = [10, 20, 30, 40].map((firstContentMs) => anAnswer({ firstContentMs }))
  const silent = anAnswer({ firstContentMs: undefined })
  expect(firstContentAt([...answers, silent], 0.5)).toBe(20)
  expect(firstContentAt([...answers, silent], 0.95)).toBe(40)
  expect(firstContentAt([silent], 0.95)).toBe(0)
})

describe('claims over counts', () => {
  test('are summed over prompts and completions', () => {
    const claimed = { prompt: 75, cached_prompt: 0, completion: 150 }
    expect(countRatio([anAnswer({ claimed }), anAnswer()])).toBe(1.25)
  })

  test('are null where no runtime reports usage', () => {
    expect(countRatio([anAnswer({ claimed: null })])).toBeNull()
    expect(countRatio([])).toBeNull()
  })
})
