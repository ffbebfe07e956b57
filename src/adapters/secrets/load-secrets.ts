/**
 * Reads a stage's secrets: `ssm:<parameter>:<version>` on AWS, `file:<path>` on a laptop. Once per process,
 * and of the version that was deployed: a rotation takes hold everywhere at once, and is rolled back like code.
 */
import { readFile, stat } from 'node:fs/promises'
import * as z from 'zod'
import { StageSecrets } from '../../keys/stage-secrets.ts'
import { parseJson } from '../../protocol/json-text.ts'
import { makeConnection } from '../aws/connection.ts'
import { chainCredentials } from '../aws/credentials.ts'
import { endpointOf } from '../aws/endpoint.ts'
import { retried } from '../aws/pauses.ts'
import { makeServiceCall } from '../aws/service-call.ts'

const requestMs = 3_000
const attemptsMax = 3

/** A parameter that is empty has no value. */
const Reply = z.object({ Parameter: z.object({ Value: z.string().default('') }) })

/** Throws with a sentence for the operator: a process without its secrets cannot serve. */
export async function loadSecrets(source: string, stage: string): Promise<StageSecrets> {
  const secrets = await readSecrets(source)
  if (secrets.stage !== stage) {
    throw new Error(
      `The secrets in ${source} belong to stage "${secrets.stage}", this is stage "${stage}".`,
    )
  }
  return secrets
}

/** Of whatever stage they are; throws as `loadSecrets` does. */
export async function readSecrets(source: string): Promise<StageSecrets> {
  const text = await readSource(source)
  const parsed = StageSecrets.safeParse(parseJson(text))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new Error(
      `The secrets in ${source} are not valid at "${issue?.path.join('.')}": ${issue?.message}.`,
    )
  }
  return parsed.data
}

async function readSource(source: string): Promise<string> {
  const [scheme, rest = ''] = splitOnce(source, ':')
  if (scheme !== 'file' && scheme !== 'ssm') {
    throw new Error(`The secrets source "${source}" must start with "ssm:" or "file:".`)
  }
  if (scheme === 'file') await assertPrivate(rest)
  const read = scheme === 'file' ? readFile(rest, 'utf8') : readParameter(rest)
  return read.catch((error) => unreadable(source, error))
}

/** AWS names many faults without a message, and its errors do not tell which parameter was meant. */
function unreadable(source: string, error: unknown): never {
  const name = error instanceof Error ? error.name : ''
  const fault = error instanceof Error ? `${name} ${error.message}`.trim() : 'unknown fault'
  const todo = Object.hasOwn(remedies, name) ? `: ${remedies[name]}` : ''
  throw new Error(`The secrets in ${source} cannot be read: ${fault}${todo}.`, { cause: error })
}

const remedies: Readonly<Record<string, string>> = {
  ParameterNotFound: 'store them with the command that "npm run secrets" prints',
  ParameterVersionNotFound:
    'set secretsVersion in infra/stages to a version that "aws ssm put-parameter" printed',
}

async function assertPrivate(path: string): Promise<void> {
  const { mode } = await stat(path).catch((error) => unreadable(`file:${path}`, error))
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new Error(`The secrets file ${path} is readable by others: run "chmod 600 ${path}".`)
  }
}

async function readParameter(name: string): Promise<string> {
  const { url, region } = endpointOf('ssm')
  const { post, close } = makeConnection(url, { requestMs })
  const call = makeServiceCall(
    { name: 'ssm', region, host: url.host, contentType: 'application/x-amz-json-1.1' },
    { post, credentials: chainCredentials(), nowMs: Date.now },
  )
  const body = JSON.stringify({ Name: name, WithDecryption: true })
  try {
    const reply = await retried(() => call({ target: 'AmazonSSM.GetParameter', body }), attemptsMax)
    return Reply.parse(reply).Parameter.Value
  } finally {
    close()
  }
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
