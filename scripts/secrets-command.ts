/**
 * The secrets of a stage: makes those of a new one, and takes a document one step further in the rotation
 * of one of its keys. Every step goes from one file to another, which then goes to the parameter store by
 * the command that is printed. docs/keys.md says when to do what.
 */
import { resolve } from 'node:path'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { StageConfig } from '../infra/config.ts'
import { readSecrets } from '../src/adapters/secrets/load-secrets.ts'
import { ids, nowMs } from '../src/adapters/system.ts'
import { secretsText } from '../src/keys/rotate-secrets.ts'
import { newStageSecrets } from '../src/keys/stage-secrets.ts'
import { afterNew, afterStep } from './secrets-next-steps.ts'
import { type Step, takeStep } from './secrets-steps.ts'
import { writeSecretFile } from './write-secret-file.ts'

const usage = `usage: npm run secrets -- --stage NAME --out FILE
       npm run secrets -- announce --key receipt|ticket-root|job|pepper --in FILE --out FILE [--wait-hours N] [--again]
       npm run secrets -- adopt    --key receipt|ticket-root|job|pepper --in FILE --out FILE [--overlap-hours N]
       npm run secrets -- replace  --secret enrolment|claims|bootstrap-token --in FILE --out FILE`

/** `message` is for the operator: what to do next, or why nothing was written. */
export type Outcome = { readonly ok: boolean; readonly message: string }

const refuse = (message: string): Outcome => ({ ok: false, message })

async function makeSecretsFile(args: readonly string[]): Promise<Outcome> {
  const options = readOptions(args, { stage: { type: 'string' }, out: { type: 'string' } })
  if (!options?.stage || !options.out) return refuse(usage)
  const stage = StageConfig.shape.stage.safeParse(options.stage)
  if (!stage.success) {
    return refuse(`"${options.stage}" cannot be a stage: ${stage.error.issues[0]?.message}.`)
  }
  const file = resolve(options.out)
  const secrets = newStageSecrets(stage.data, { ids, nowMs: nowMs() })
  const fault = await writeSecretFile(file, secretsText(secrets))
  return fault ? refuse(fault) : { ok: true, message: afterNew(stage.data, file) }
}

async function changeSecretsFile(step: Step, args: readonly string[]): Promise<Outcome> {
  const options = readOptions(args, {
    in: { type: 'string' },
    out: { type: 'string' },
    key: { type: 'string' },
    secret: { type: 'string' },
    'wait-hours': { type: 'string' },
    'overlap-hours': { type: 'string' },
    again: { type: 'boolean' },
  })
  if (!options?.in || !options.out) return refuse(usage)
  const { in: from, out, ...terms } = options
  const secrets = await readSecrets(`file:${resolve(from)}`).catch(messageOf)
  if (typeof secrets === 'string') return refuse(secrets)
  const taken = takeStep(step, secrets, terms, { ids, nowMs: nowMs() })
  if (taken.kind === 'misused') return refuse(usage)
  if (taken.kind === 'refused') return refuse(taken.message)
  const file = resolve(out)
  const fault = await writeSecretFile(file, secretsText(taken.secrets))
  if (fault) return refuse(fault)
  return { ok: true, message: afterStep({ stage: secrets.stage, file, done: taken.done }) }
}

function readOptions<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch {
    return undefined
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'fault')

const steps: readonly Step[] = ['announce', 'adopt', 'replace']

export function runSecrets(args: readonly string[]): Promise<Outcome> {
  const [first, ...rest] = args
  const step = steps.find((one) => one === first)
  return step ? changeSecretsFile(step, rest) : makeSecretsFile(args)
}
