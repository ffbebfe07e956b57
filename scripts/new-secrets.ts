/**
 * Makes the secrets of a new stage: `npm run secrets -- --stage NAME --out FILE`. The document goes
 * once from this file to the parameter store, by the command that is printed; then the file can go.
 */
import { rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { StageConfig } from '../infra/config.ts'
import { ids, nowMs } from '../src/adapters/system.ts'
import { newStageSecrets } from '../src/keys/stage-secrets.ts'

const usage = 'usage: npm run secrets -- --stage NAME --out FILE'

type Outcome = { readonly ok: boolean; readonly message: string }

const refuse = (message: string): Outcome => ({ ok: false, message })

async function makeSecretsFile(args: readonly string[]): Promise<Outcome> {
  const options = readOptions(args)
  if (!options) return refuse(usage)
  const stage = StageConfig.shape.stage.safeParse(options.stage)
  if (!stage.success) {
    return refuse(`"${options.stage}" cannot be a stage: ${stage.error.issues[0]?.message}.`)
  }
  const file = resolve(options.out)
  const secrets = newStageSecrets(stage.data, { ids, nowMs: nowMs() })
  const fault = await writeNewFile(file, `${JSON.stringify(secrets, undefined, 2)}\n`)
  return fault ? refuse(fault) : { ok: true, message: nextSteps(stage.data, file) }
}

function readOptions(args: readonly string[]): { stage: string; out: string } | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { stage: { type: 'string' }, out: { type: 'string' } },
    })
    const { stage, out } = values
    return stage && out ? { stage, out } : undefined
  } catch {
    return undefined
  }
}

/** Never over another file: secrets that are lost cannot be made again. Says what went wrong. */
async function writeNewFile(path: string, text: string): Promise<string | undefined> {
  try {
    await writeFile(path, '', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    return codeOf(error) === 'EEXIST'
      ? `${path} exists already and is left as it is: name a file that does not exist.`
      : `${path} cannot be written (${codeOf(error)}): choose another place.`
  }
  try {
    await writeFile(path, text, { flush: true })
    return undefined
  } catch (error) {
    await rm(path, { force: true })
    return `${path} cannot be written (${codeOf(error)}): choose another place.`
  }
}

const nextSteps = (stage: string, file: string): string => `Wrote ${file}, readable by you alone.

Store it in the account and region of the stage, before the first deployment:

  aws ssm put-parameter --type SecureString --name /b3iq/${stage}/secrets --value ${shellWord(`file://${file}`)}

Then keep the file offline or delete it: whoever has it can sign receipts in your name.`

const shellWord = (text: string): string =>
  /^[\w/:.@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)

const { ok, message } = await makeSecretsFile(process.argv.slice(2))
if (ok) console.log(message)
else console.error(message)
process.exitCode = ok ? 0 : 1
