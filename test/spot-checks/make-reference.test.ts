import { expect, test } from 'vitest'
import { type AskTrusted, makeReference, tauMin } from '../../src/spot-checks/make-reference.ts'
import { Reference } from '../../src/spot-checks/reference.ts'
import { aReference, moved, tops } from './facts.ts'

const prompts = ['One?', 'Two?', 'Three?'].map((content) => [{ role: 'user' as const, content }])
/** A runner that strays by these amounts, one reading after the other. */
const straying = (...deltas: readonly number[]): AskTrusted => {
  let readings = 0
  return async () => moved(deltas[readings++ % deltas.length] ?? 0)
}

test('is what the runner showed first, with the least threshold where it never strays', async () => {
  const made = await makeReference(async () => tops, prompts)
  expect(made).toMatchObject({ ok: true, noise: 0, tau: tauMin })
  const readings = made.ok ? made.readings : []
  expect(readings.map(({ messages }) => messages)).toEqual(prompts)
  Reference.parse(aReference({ readings: [...readings] }))
})

test('asks for three times the noise', async () => {
  const made = await makeReference(straying(0, 0.03, 0.01), prompts)
  expect(made.ok && made.tau).toBeCloseTo(0.09, 9)
})

test.each([
  ['shows nothing', async () => undefined, 'shows no top log-probabilities'],
  ['serves two builds', straying(0, 0.5), 'answers one prompt in two ways'],
  ['strays too far', straying(0, 0.1), 'strays by 0.100 from itself'],
] satisfies [string, AskTrusted, string][])(
  'is not made of a runner that %s',
  async (_, ask, why) => {
    const made = await makeReference(ask, prompts)
    expect(made.ok ? '' : made.message).toContain(why)
  },
)
