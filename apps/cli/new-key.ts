/** Making a key, whose secret is shown once: into a file, or to whoever asked for it by naming none. */
import { option } from './inputs.ts'
import type { Output } from './leaf.ts'
import { type Outcome, ok } from './outcome.ts'
import { intoSecretFile, secretLost } from './secret-file.ts'
import type { Asked, Session } from './session.ts'

export const writeKeyFile = option(
  '--write-key-file <file>',
  'put the new key there, readable by you alone, and do not print it',
)

export async function makeKey(
  session: Session,
  file: string | undefined,
  asked: Asked,
): Promise<Outcome<Output>> {
  const make = () => session.ask(asked)
  if (file !== undefined) {
    const written = await intoSecretFile(file, make)
    return written.ok ? ok(session.record(written.value)) : written
  }
  const made = await make()
  if (!made.ok) return made
  if (typeof made.value.key !== 'string') return secretLost(made.value)
  session.progress.say('This key is shown once: --write-key-file would have put it into a file.')
  return ok(session.record(made.value))
}
