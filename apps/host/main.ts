/** The command line of `b3iq-host`: enroll, run and status. */
import { parseArgs } from 'node:util'
import { enroll } from './enroll.ts'
import { makeLog } from './log.ts'
import { run } from './run.ts'
import { messageOf, StatedError } from './stated-error.ts'
import { status } from './status.ts'

const usage = `b3iq-host enroll --config FILE --code CODE --ingest URL   join the fleet of an operator
b3iq-host run --config FILE                               serve dispatches and send heartbeats
b3iq-host status --config FILE                            show what the node earns with, or why not
Add --debug to see the stack of a failure.`

const seeHelp = ': b3iq-host --help shows what there is.'

type Options = {
  readonly config?: string | undefined
  readonly code?: string | undefined
  readonly ingest?: string | undefined
}

async function main(): Promise<void> {
  const { command, options } = parseCommand(process.argv.slice(2))
  switch (command) {
    case 'enroll': {
      const enrolled = await enroll({
        configPath: required(options, 'config'),
        code: required(options, 'code'),
        ingestUrl: required(options, 'ingest'),
      })
      return print(`Enrolled as ${enrolled.alias} (${enrolled.node_id}): ${enrolled.status}.`)
    }
    case 'run':
      await run({
        configPath: required(options, 'config'),
        stop: stopSignal(),
        onReady: (line) => print(JSON.stringify(line)),
        log: makeLog({ nowMs: Date.now, write: (line) => process.stderr.write(line) }),
      })
      // Kept-alive connections to ingest would hold the process for seconds.
      return process.exit(0)
    case 'status':
      return print(await status(required(options, 'config'), Date.now()))
    case 'help':
      return print(usage)
    default:
      throw new StatedError(`There is no command "${command}"${seeHelp}`)
  }
}

function parseCommand(args: string[]): { readonly command: string; readonly options: Options } {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        code: { type: 'string' },
        ingest: { type: 'string' },
        debug: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    const [command = 'help', ...rest] = positionals
    if (rest.length > 0) throw new StatedError(`There is one command too many: "${rest[0]}".`)
    return { command: values.help ? 'help' : command, options: values }
  } catch (error) {
    throw error instanceof StatedError
      ? error
      : new StatedError(`${messageOf(error).split('. ')[0]}${seeHelp}`)
  }
}

function required(options: Options, name: keyof Options): string {
  const value = options[name]
  if (value === undefined || value === '') throw new StatedError(`--${name} is missing${seeHelp}`)
  return value
}

/** The first signal drains; a second one ends the process at once, as the system does by default. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  const abort = () => stop.abort()
  process.once('SIGTERM', abort)
  process.once('SIGINT', abort)
  return stop.signal
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

try {
  await main()
} catch (error) {
  const debug = process.argv.includes('--debug')
  const stack = debug && error instanceof Error ? `\n${error.stack}` : ''
  process.stderr.write(`b3iq-host: ${messageOf(error)}${stack}\n`)
  process.exit(1)
}
