/**
 * One run: from the words that were typed to an exit code. 0: done. 1: refused by the server, or what was
 * looked at is not good. 2: a mistake in what was typed, or nobody there to ask.
 */
import * as z from 'zod'
import { groups, leaves } from './commands.ts'
import type { Leaf } from './leaf.ts'
import { printable } from './printable.ts'
import { parseCommandLine } from './program.ts'
import { makeSession } from './session.ts'
import type { World } from './world.ts'

export type ExitCode = 0 | 1 | 2

const GlobalFlags = z.object({
  gateway: z.string().optional(),
  keyFile: z.string().optional(),
  admin: z.string().optional(),
  operatorKeyFile: z.string().optional(),
  profile: z.string().optional(),
  idempotencyKey: z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .optional(),
  tries: z
    .string()
    .regex(/^([1-9]|10)$/, 'must be a whole number from 1 to 10')
    .transform(Number)
    .optional(),
  json: z.boolean().default(false),
  debug: z.boolean().default(false),
})

/** Everybody on the machine sees arguments, and the shell keeps them. */
const keyInWords = /\b(sk|op)-b3iq-[A-Za-z0-9_-]{16,}/

export async function runCommandLine(argv: readonly string[], world: World): Promise<ExitCode> {
  const complain = (message: string, code: ExitCode = 2): ExitCode => {
    world.writeErr(`b3iq: ${printable(message)}\n`)
    return code
  }
  if (argv.some((word) => keyInWords.test(word))) return complain(keyOnCommandLine)
  const parsed = parseCommandLine(argv, leaves, groups)
  if (parsed.kind === 'mistake') return complain(parsed.message)
  if (parsed.kind === 'help') {
    world.writeOut(`${parsed.text}\n`)
    return 0
  }
  const flags = GlobalFlags.safeParse(parsed.flags)
  if (!flags.success) return complain(flagFault(flags.error))
  return runLeaf(parsed.leaf, parsed.raw, { flags: flags.data, world, complain })
}

function flagFault({ issues: [issue] }: z.ZodError): string {
  const name = issue?.path[0] === 'tries' ? '--tries' : '--idempotency-key'
  return `${name} ${issue?.message}.`
}

const keyOnCommandLine =
  'A key stands on the command line, where others can read it: revoke it, write the new one to a file and name that with --key-file or --operator-key-file.'

type Run = {
  readonly flags: z.infer<typeof GlobalFlags>
  readonly world: World
  readonly complain: (message: string, code?: ExitCode) => ExitCode
}

async function runLeaf(one: Leaf, raw: object, { flags, world, complain }: Run): Promise<ExitCode> {
  try {
    const outcome = await one.run(makeSession(world, flags), raw)
    if (!outcome.ok) return complain(outcome.message, outcome.isDenied ? 1 : 2)
    const { text, json, isBad = false } = outcome.value
    if (flags.json && json !== undefined) world.writeOut(`${JSON.stringify(json, undefined, 2)}\n`)
    else if (text !== undefined) world.writeOut(`${text}\n`)
    return isBad ? 1 : 0
  } catch (error) {
    if (flags.debug) throw error
    return complain(`This is a fault of b3iq itself: ${String(error)}. --debug shows more.`)
  }
}
