/** The command line of `b3iq-host`: one word for what to do, the config, and little else. */
import { parseArgs } from 'node:util'
import { bench } from './bench.ts'
import { readConfig } from './config.ts'
import { doctor } from './doctor.ts'
import { earnings } from './earnings.ts'
import { enroll } from './enroll.ts'
import { rotateKey } from './key-rotation.ts'
import { makeLog } from './log.ts'
import { pauseFileOf, setPaused } from './owner-pause-file.ts'
import { reputation } from './reputation.ts'
import { run } from './run.ts'
import { serviceText } from './services/service.ts'
import { messageOf, StatedError } from './stated-error.ts'
import { type Printed, status } from './status.ts'

const usage = `b3iq-host enroll --config FILE --code CODE --ingest URL   join the fleet of an operator; on EC2 without a code
b3iq-host run --config FILE                               serve dispatches and send heartbeats
b3iq-host status --config FILE                            show what the node earns with, or why not
b3iq-host doctor --config FILE                            check all that the node needs
b3iq-host bench --config FILE [--model NAME]              measure the runtimes, as a preview
b3iq-host pause --config FILE                             take no work, until resume
b3iq-host resume --config FILE                            take work again
b3iq-host earnings --config FILE                          show what the node has earned
b3iq-host reputation --config FILE                        show what moved the node's reputation
b3iq-host rotate-key --config FILE                        give the node a new key
b3iq-host service --config FILE                           print how to start it with this machine
Add --json to status, doctor or bench for programs, --debug to see the stack of a failure.`

/** EX_TEMPFAIL: a service that is told so does not start the agent again on a machine that goes. */
const exitReclaimed = 75

const seeHelp = ': b3iq-host --help shows what there is.'

type Options = {
  readonly config?: string | undefined
  readonly code?: string | undefined
  readonly ingest?: string | undefined
  readonly model?: string | undefined
  readonly json?: boolean | undefined
}

async function main(): Promise<void> {
  const { command, options } = parseCommand(process.argv.slice(2))
  switch (command) {
    case 'enroll': {
      const enrolled = await enroll({
        configPath: required(options, 'config'),
        code: options.code,
        ingestUrl: required(options, 'ingest'),
      })
      return print(`Enrolled as ${enrolled.alias} (${enrolled.node_id}): ${enrolled.status}.`)
    }
    case 'run': {
      const ended = await run({
        configPath: required(options, 'config'),
        stop: stopSignal(),
        onReady: (line) => print(JSON.stringify(line)),
        log: makeLog({ nowMs: Date.now, write: (line) => process.stderr.write(line) }),
      })
      // Kept-alive connections to ingest would hold the process for seconds.
      return process.exit(ended === 'reclaimed' ? exitReclaimed : 0)
    }
    case 'status':
      return end(await status({ ...lookOptions(options), nowMs: Date.now() }))
    case 'doctor':
      return end(await doctor({ ...lookOptions(options), nowMs: Date.now() }))
    case 'bench':
      return end(
        await bench({
          ...lookOptions(options),
          model: options.model,
          progress: (line) => process.stderr.write(`${line}\n`),
        }),
      )
    case 'pause':
    case 'resume': {
      const { state_file } = await readConfig(required(options, 'config'))
      await setPaused(pauseFileOf(state_file), command === 'pause')
      return print(command === 'pause' ? 'Paused: takes no work.' : 'Takes work again.')
    }
    case 'earnings':
      return print(await earnings(required(options, 'config')))
    case 'reputation':
      return print(await reputation(required(options, 'config')))
    case 'rotate-key':
      return print(await rotateKey(required(options, 'config'), Date.now))
    case 'service':
      return print(await serviceText(required(options, 'config')))
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
        model: { type: 'string' },
        json: { type: 'boolean' },
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

function required(options: Options, name: 'config' | 'ingest'): string {
  const value = options[name]
  if (value === undefined || value === '') throw new StatedError(`--${name} is missing${seeHelp}`)
  return value
}

const lookOptions = (options: Options) => ({
  configPath: required(options, 'config'),
  json: options.json === true,
})

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

/** Kept-alive connections to runtimes would hold the process for seconds. */
function end({ text, exitCode }: Printed): void {
  process.stdout.write(`${text}\n`, () => process.exit(exitCode))
}

try {
  await main()
} catch (error) {
  const debug = process.argv.includes('--debug')
  const stack = debug && error instanceof Error ? `\n${error.stack}` : ''
  process.stderr.write(`b3iq-host: ${messageOf(error)}${stack}\n`)
  process.exit(1)
}
