// Every command in every state of one hold, with the amounts 0, 1 and the largest one. The tables are
// the specification; this reads them and proves that no pair is missing.
import { describe, expect, test } from 'vitest'
import { statesOfCharge } from './states-charge.ts'
import { statesOfHold } from './states-hold.ts'
import { answerOf, benchIn, commands, stateNames } from './states-ledger.ts'

type Row = {
  readonly state: string
  readonly command: string
  readonly answer: string
  readonly figures: string
}

function rowsOf(table: string): Row[] {
  return table
    .trim()
    .split('\n\n')
    .flatMap((block) => {
      const [head = '', ...lines] = block.split('\n')
      const [state = '', figures = ''] = head.split(': ')
      return lines.map((line) => {
        const [command = '', outcome = ''] = line.trim().split(/\s*→\s*/)
        const [answer = '', changed] = outcome.split(/ {2,}/)
        return { state, command, answer, figures: changed ?? figures }
      })
    })
}

const rows = rowsOf(`${statesOfHold.trim()}\n\n${statesOfCharge.trim()}`)

test('the tables have one row for every command in every state', () => {
  const pairs = stateNames.flatMap((state) =>
    Object.keys(commands).map((command) => `${state}: ${command}`),
  )
  expect(rows.map(({ state, command }) => `${state}: ${command}`)).toEqual(pairs)
})

describe.each(stateNames)('in the state "%s"', (state) => {
  const own = rows.filter((row) => row.state === state)
  test.each(own)('$command → $answer', async ({ command, answer, figures }) => {
    const bench = await benchIn(state)
    expect(await answerOf(bench, command)).toBe(answer)
    expect(await bench.figures()).toBe(figures)
  })
})
