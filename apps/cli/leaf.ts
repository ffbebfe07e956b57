/** One command: its name in the tree, what it may be given, which calls it makes, and what it does. */
import * as z from 'zod'
import { writtenAs } from './inputs.ts'
import { type Outcome, refuse } from './outcome.ts'
import type { Session } from './session.ts'

/** What a command leaves to print; one that printed by itself leaves nothing. */
export type Output = {
  readonly text?: string
  /** Printed instead under `--json`. */
  readonly json?: unknown
  /** The command did its work, and what it found is not good. */
  readonly isBad?: boolean
}

export type Leaf = {
  /** Its words, from the first of the tree on. */
  readonly name: string
  readonly does: string
  /** Further sentences of its help. */
  readonly more?: string
  readonly alias?: string
  readonly inputs: z.ZodRawShape
  /** Routes of our APIs that it calls, as their tables name them. */
  readonly calls: readonly string[]
  readonly run: (session: Session, raw: object) => Promise<Outcome<Output>>
}

export function leaf<S extends z.ZodRawShape>({
  inputs,
  run,
  ...about
}: Omit<Leaf, 'inputs' | 'run'> & {
  readonly inputs: S
  readonly run: (session: Session, given: z.output<z.ZodObject<S>>) => Promise<Outcome<Output>>
}): Leaf {
  const Given = z.object(inputs)
  return {
    ...about,
    inputs,
    run: async (session, raw) => {
      const given = Given.safeParse(raw)
      if (given.success) return run(session, given.data)
      return refuse(`${sentenceOf(inputs, given.error)} "b3iq ${about.name} --help" shows how.`)
    },
  }
}

function sentenceOf(inputs: z.ZodRawShape, { issues }: z.ZodError): string {
  const [issue] = issues
  const input = inputs[String(issue?.path[0])]
  const name = input ? writtenAs(input).flags.split(' ')[0] : 'The input'
  return `${name} ${issue?.message}.`
}
