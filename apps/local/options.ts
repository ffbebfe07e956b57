/** The flags of `npm start -- …`. */
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { StatedError } from '../host/stated-error.ts'

const milliseconds = z.coerce.number().int()

const Options = z.object({
  fresh: z.boolean(),
  debug: z.boolean(),
  help: z.boolean(),
  runtime: z.url({ protocol: /^https?$/, error: 'must be an http URL of a runtime' }).optional(),
  port: z.coerce.number().int().min(1024).max(65_000),
  data: z.string().min(1),
  deadline: milliseconds.min(1_000).max(840_000),
  margin: milliseconds.min(500).max(600_000),
  'token-delay': milliseconds.min(0).max(10_000),
})

export type Options = {
  readonly fresh: boolean
  readonly debug: boolean
  readonly help: boolean
  readonly runtimeUrl: string | undefined
  readonly port: number
  readonly dataDir: string
  readonly deadlineMs: number
  readonly leaseMarginMs: number
  readonly tokenDelayMs: number
}

export const usage = `npm start -- [flags]
  --fresh            forget all data and begin anew
  --runtime URL      front Ollama, vLLM or llama.cpp instead of the demo engine
  --port N           first of six ports in a row (default 8787)
  --data DIR         where everything is kept (default .local)
  --deadline MS      longest life of a request (default 300000)
  --margin MS        what a hold outlives its deadline by (default 120000)
  --token-delay MS   slow the demo engine down, to watch a stream (default 0)
  --debug            show the stack of a failure`

export function readOptions(args: readonly string[]): Options {
  const { data, success, error } = Options.safeParse(parse(args))
  if (!success) {
    const [issue] = error.issues
    throw new StatedError(`--${issue?.path.join('.')} ${issue?.message}. See npm start -- --help.`)
  }
  return {
    fresh: data.fresh,
    debug: data.debug,
    help: data.help,
    runtimeUrl: data.runtime,
    port: data.port,
    dataDir: data.data,
    deadlineMs: data.deadline,
    leaseMarginMs: data.margin,
    tokenDelayMs: data['token-delay'],
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        fresh: { type: 'boolean', default: false },
        debug: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        runtime: { type: 'string' },
        port: { type: 'string', default: '8787' },
        data: { type: 'string', default: '.local' },
        deadline: { type: 'string', default: '300000' },
        margin: { type: 'string', default: '120000' },
        'token-delay': { type: 'string', default: '0' },
      },
    }).values
  } catch (error) {
    const message = error instanceof Error ? error.message.split('. ')[0] : String(error)
    throw new StatedError(`${message}. See npm start -- --help.`)
  }
}
