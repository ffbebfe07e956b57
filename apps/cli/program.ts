/** The tree of commands as commander parses and explains it. What is run stays a value for the caller. */
import { Argument, Command, type CommanderError, Option } from 'commander'
import type * as z from 'zod'
import { writtenAs } from './inputs.ts'
import type { Leaf } from './leaf.ts'

export type Parsed =
  | { readonly kind: 'leaf'; readonly leaf: Leaf; readonly raw: object; readonly flags: object }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'mistake'; readonly message: string }

/** First words of commands, with what they are about, under headings of the help. */
export type Group = { readonly name: string; readonly about: string; readonly heading: string }

export const globalOptions: readonly (readonly [flags: string, help: string])[] = [
  ['--gateway <url>', 'the gateway (B3IQ_GATEWAY_URL)'],
  ['--key-file <file>', 'holds the API key for it (B3IQ_KEY_FILE)'],
  ['--admin <url>', 'the admin API (B3IQ_ADMIN_URL)'],
  ['--operator-key-file <file>', 'holds the operator key for it (B3IQ_OPERATOR_KEY_FILE)'],
  ['--profile <name>', 'addresses and key files from ~/.config/b3iq/config.json'],
  ['--idempotency-key <key>', 'name this change, to send it again and have it done once'],
  ['--tries <n>', 'how often a call is made that the server says may be repeated: 4 by default'],
  ['--json', 'print the JSON of the API'],
  ['--debug', 'show the stack of a failure'],
]

const examples = `
Examples:
  b3iq chat "Tell me a story."              of the laptop stack that "npm start" runs here
  b3iq verify <receipt hash | file.json>    prove a receipt
  b3iq accounts create Ada                  with an operator's key

Exit code: 0 done, 1 refused or not verified, 2 a mistake in the command or nobody there to ask.`

const optionsHeading = 'Options of every command:'

export function parseCommandLine(
  argv: readonly string[],
  leaves: readonly Leaf[],
  groups: readonly Group[],
): Parsed {
  const said: string[] = []
  const chosen: Parsed[] = []
  const program = new Command('b3iq')
    .description('Buys and sells inference with B3IQ: for customers, and for operators.')
    .helpCommand(false)
    .addHelpText('after', examples)
    .configureHelp({ showGlobalOptions: true, helpWidth: 100, optionTerm: termOf })
    .configureOutput({ writeOut: (text) => said.push(text), writeErr: () => undefined })
    .exitOverride()
  for (const [flags, help] of globalOptions) {
    program.addOption(new Option(flags, help).helpGroup(optionsHeading))
  }
  for (const one of leaves) {
    const command = commandAt(program, one.name.split(' '), groups)
    describe(command, one)
    command.action(() => {
      const flags: object = program.opts()
      chosen.push({ kind: 'leaf', leaf: one, raw: rawOf(command, one.inputs), flags })
    })
  }
  try {
    program.parse([...argv], { from: 'user' })
  } catch (error) {
    if (!isCommanderError(error)) throw error
    if (said.length > 0) return { kind: 'help', text: said.join('').trimEnd() }
    return { kind: 'mistake', message: sentenceOf(error, argv, leaves) }
  }
  return chosen[0] ?? { kind: 'mistake', message: nothingNamed }
}

const termOf = (option: Option): string => option.flags.replace('-h, --help', '--help')

const nothingNamed = 'Name a command: "b3iq --help" shows what there is.'

function commandAt(program: Command, words: readonly string[], groups: readonly Group[]): Command {
  return words.reduce((parent, word) => {
    const known = parent.commands.find((command) => command.name() === word)
    if (known) return known
    const made = parent.command(word).helpCommand(false)
    const group = parent === program ? groups.find(({ name }) => name === word) : undefined
    return group ? made.description(group.about).helpGroup(group.heading) : made
  }, program)
}

function describe(command: Command, { does, more, alias, inputs }: Leaf): void {
  command.description(does)
  if (more !== undefined) command.addHelpText('after', `\n${more}`)
  if (alias !== undefined) command.alias(alias)
  for (const input of Object.values(inputs)) {
    const { kind, flags, help, repeats, choices } = writtenAs(input)
    const told = choices ? `${help}: ${choices.join(', ')}` : help
    if (kind === 'argument') command.addArgument(new Argument(flags, told))
    else command.addOption(optionOf(flags, told, repeats))
  }
}

function optionOf(flags: string, help: string, repeats: boolean): Option {
  const option = new Option(flags, help)
  if (!repeats) return option
  return option.argParser<readonly string[] | undefined>((value, before = []) => [...before, value])
}

/** Values by the names that the inputs have in the code. */
function rawOf(command: Command, inputs: z.ZodRawShape): object {
  const options: Readonly<Record<string, unknown>> = command.opts()
  const given = [...command.processedArgs]
  const entries = Object.entries(inputs).map(([name, input]) => {
    const { kind, flags } = writtenAs(input)
    return [name, kind === 'argument' ? given.shift() : options[new Option(flags).attributeName()]]
  })
  return Object.fromEntries(entries)
}

const isCommanderError = (error: unknown): error is CommanderError =>
  error instanceof Error && 'exitCode' in error && 'code' in error

/** Commander's own words, in one sentence that ends with where to look. */
function sentenceOf(
  { message, code }: CommanderError,
  argv: readonly string[],
  leaves: readonly Leaf[],
): string {
  const help = helpFor(argv, leaves)
  if (code === 'commander.help') return `Name a command: ${help}`
  const [told = '', ...hints] = message.replace(/^error: |\.$/g, '').split('\n')
  const sentence = told.charAt(0).toUpperCase() + told.slice(1).replace(/'/g, '"')
  const hint = hints.length === 0 ? '' : ` ${hints.join(' ').replace(/[()]/g, '')}`
  return `${sentence}.${hint} ${help}`
}

/** The longest part of what was typed that names a command or a group of them. */
function helpFor(argv: readonly string[], leaves: readonly Leaf[]): string {
  const words = argv.filter((word) => /^[a-z-]+$/.test(word) && !word.startsWith('-'))
  const known = words.slice(0, 2).reduce((path, word) => {
    const longer = path === '' ? word : `${path} ${word}`
    return leaves.some(({ name }) => `${name} `.startsWith(`${longer} `)) ? longer : path
  }, '')
  return `"b3iq ${known === '' ? '' : `${known} `}--help" shows what there is.`
}
