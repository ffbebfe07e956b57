/**
 * What a command may be given: arguments and options, each a schema that also knows how it is written
 * and what its help says.
 */
import * as z from 'zod'

export type Written = {
  readonly kind: 'argument' | 'option'
  /** As the help shows it: `<account>`, `--limit <n>`. */
  readonly flags: string
  readonly help: string
  readonly repeats: boolean
  /** What may stand there, where that is a short list. */
  readonly choices?: readonly string[]
}

const written = z.registry<Written>()

export function writtenAs(schema: z.core.$ZodType): Written {
  const about = written.get(schema)
  if (!about) throw new Error('An input is made by a function of inputs.ts.')
  return about
}

const text = z.string({ error: 'is needed' }).min(1, 'must not be empty')

/** `<name>` stands for what must be given. */
export const argument = (flags: `<${string}>`, help: string) =>
  text.clone().register(written, { kind: 'argument', flags, help, repeats: false })

/** `[name]` stands for what may be given. */
export const optionalArgument = (flags: `[${string}]`, help: string) =>
  text.optional().register(written, { kind: 'argument', flags, help, repeats: false })

export const option = (flags: `--${string}`, help: string) =>
  text.optional().register(written, { kind: 'option', flags, help, repeats: false })

/** An option that no run can do without. */
export const required = (flags: `--${string}`, help: string) =>
  text.clone().register(written, { kind: 'option', flags, help, repeats: false })

/** Given or not. */
export const flag = (flags: `--${string}`, help: string) =>
  z.boolean().default(false).register(written, { kind: 'option', flags, help, repeats: false })

export function count(flags: `--${string}`, help: string, { min = 1, max = 1_000_000_000 } = {}) {
  const error = `must be a whole number from ${min} to ${max}`
  const whole = z
    .string()
    .regex(/^\d{1,10}$/, error)
    .transform(Number)
  return whole
    .pipe(z.int({ error }).min(min, error).max(max, error))
    .optional()
    .register(written, { kind: 'option', flags, help, repeats: false })
}

export function oneOf<const C extends readonly [string, ...string[]]>(
  flags: `--${string}`,
  help: string,
  choices: C,
) {
  return z
    .enum(choices, { error: `must be one of ${choices.join(', ')}` })
    .optional()
    .register(written, { kind: 'option', flags, help, repeats: false, choices })
}

/** May be given more than once; each may hold several, divided by commas. */
export const many = (flags: `--${string}`, help: string) =>
  z
    .array(z.string())
    .transform((all) => all.flatMap((one) => one.split(',')).map((one) => one.trim()))
    .refine((all) => all.every((one) => one !== ''), { error: 'must not be empty' })
    .optional()
    .register(written, { kind: 'option', flags, help: `${help} (repeatable)`, repeats: true })

/** `name=value`, more than once. */
export const pairs = (flags: `--${string}`, help: string) =>
  z
    .array(z.string().regex(/^[^=]+=/, 'must be written as name=value'))
    .transform((all) => Object.fromEntries(all.map(pairOf)))
    .optional()
    .register(written, { kind: 'option', flags, help: `${help} (repeatable)`, repeats: true })

/** A day in UTC. */
export const day = (flags: `--${string}`, help: string) =>
  z.iso
    .date({ error: 'must be a day such as 2026-11-21' })
    .optional()
    .register(written, { kind: 'option', flags, help, repeats: false })

export const usd = (flags: `--${string}`, help: string) =>
  z
    .string()
    .regex(/^(0|[1-9]\d{0,11})(\.\d{1,9})?$/, 'must be an amount in USD such as 25 or 0.50')
    .optional()
    .register(written, { kind: 'option', flags, help, repeats: false })

const pairOf = (pair: string): readonly [string, string] => {
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}
