// What was typed: every command explains itself, and every mistake gets one sentence and exit code 2.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leaves } from '../../../apps/cli/commands.ts'
import { writtenAs } from '../../../apps/cli/inputs.ts'
import { type Desk, makeDesk } from './support/in-process.ts'

let desk: Desk
beforeAll(async () => {
  desk = await makeDesk()
})
afterAll(() => desk.clear())

const argumentsOf = ({ inputs }: (typeof leaves)[number]) =>
  Object.values(inputs)
    .map(writtenAs)
    .filter(({ kind, flags }) => kind === 'argument' && flags.startsWith('<'))

describe.each(leaves.map((one) => [one.name, one] as const))('%s', (name, one) => {
  const words = name.split(' ')

  it('has help that says what it does and what it takes', async () => {
    const { code, out, err } = await desk.run(...words, '--help')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out.replace(/\s+/g, ' ')).toContain(one.does)
    for (const input of Object.values(one.inputs)) {
      expect(out).toContain(
        writtenAs(input)
          .flags.replace(/[<>[\]]/g, '')
          .split(' ')[0],
      )
    }
    expect(out).toContain('--operator-key-file')
  })

  it('does not take a flag that it does not know', async () => {
    const { code, out, err } = await desk.run(...words, '--nonsense')
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toBe(
      `b3iq: Unknown option "--nonsense". "b3iq ${words.slice(0, 2).join(' ')} --help" shows what there is.\n`,
    )
  })

  it('misses each argument that must be given', async () => {
    for (const [at, { flags }] of argumentsOf(one).entries()) {
      const given = Array.from({ length: at }, () => 'x')
      const { code, err } = await desk.run(...words, ...given)
      expect(code).toBe(2)
      expect(err).toContain(`Missing required argument "${flags.slice(1, -1)}"`)
    }
  })
})

describe('a mistake', () => {
  it.each([
    [[], 'Name a command: "b3iq --help" shows what there is.'],
    [['keys'], 'Name a command: "b3iq keys --help" shows what there is.'],
    [['prove'], 'Unknown command "prove". "b3iq --help" shows what there is.'],
    [
      ['keys', 'revok', 'x'],
      'Unknown command "revok". Did you mean revoke? "b3iq keys --help" shows what there is.',
    ],
    [
      ['accounts', 'show', 'a', 'b'],
      'Too many arguments for "show". Expected 1 argument but got 2: a, b. "b3iq accounts show --help" shows what there is.',
    ],
    [['top-up', 'acct', '5'], '--reference is needed. "b3iq top-up --help" shows how.'],
    [
      ['accounts', 'list', '--limit', 'all'],
      '--limit must be a whole number from 1 to 1000000000. "b3iq accounts list --help" shows how.',
    ],
    [
      ['keys', 'create', 'a', '--name', 'k', '--spend-per-day', '$5'],
      '--spend-per-day must be an amount in USD such as 25 or 0.50. "b3iq keys create --help" shows how.',
    ],
    [
      ['accounts', 'create', 'Ada', '--tag', 'red'],
      '--tag must be written as name=value. "b3iq accounts create --help" shows how.',
    ],
    [
      ['nodes', 'list', '--status', 'up'],
      '--status must be one of pending, approved, active, suspended, retired, banned. "b3iq nodes list --help" shows how.',
    ],
    [['usage', '--csv', '--ndjson'], 'Use --csv or --ndjson, not both.'],
    [['accounts', 'list', '--idempotency-key', ''], /^--idempotency-key must be 1 to 255/],
    [['balance', '--tries', '0'], '--tries must be a whole number from 1 to 10.'],
    [['completion', 'tcsh'], 'There is no completion for "tcsh": use bash, zsh or fish.'],
    [
      ['incidents', 'open', 'everything', '--for', 'long', '--reason', 'r'],
      '--for must be such as 90m, 4h or 2d, or a time such as 2026-12-01T00:00:00Z.',
    ],
  ])('%j', async (argv, message) => {
    const { code, out, err } = await desk.run(...argv)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err.replace(/^b3iq: |\n$/g, '')).toMatch(message)
    expect(err.trimEnd()).not.toContain('\n')
  })
})

it.each([
  ['top-up', 'acct', '5', '--reference', `op-b3iq-p1-${'k'.repeat(43)}`],
  ['models', `--key-file=sk-b3iq-p1-${'k'.repeat(43)}`],
])('a key among the words is refused and not repeated: %s', async (...argv) => {
  const { code, out, err } = await desk.run(...argv)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain('write the new one to a file')
  expect(err).not.toContain('kkkk')
})
