/** Reads a stage's secrets: `ssm:<parameter>` on AWS, `file:<path>` on a laptop. Once per process. */
import { readFile, stat } from 'node:fs/promises'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { StageSecrets } from '../../keys/stage-secrets.ts'

const requestTimeoutMs = 3_000

/** Throws with a sentence for the operator: a process without its secrets cannot serve. */
export async function loadSecrets(source: string, stage: string): Promise<StageSecrets> {
  const text = await readSource(source)
  const parsed = StageSecrets.safeParse(parseJson(text))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new Error(
      `The secrets in ${source} are not valid at "${issue?.path.join('.')}": ${issue?.message}.`,
    )
  }
  if (parsed.data.stage !== stage) {
    throw new Error(
      `The secrets in ${source} belong to stage "${parsed.data.stage}", this is stage "${stage}".`,
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
  const fault = error instanceof Error ? `${error.name} ${error.message}` : 'unknown fault'
  throw new Error(`The secrets in ${source} cannot be read: ${fault}.`, { cause: error })
}

async function assertPrivate(path: string): Promise<void> {
  const { mode } = await stat(path).catch((error) => unreadable(`file:${path}`, error))
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new Error(`The secrets file ${path} is readable by others: run "chmod 600 ${path}".`)
  }
}

async function readParameter(name: string): Promise<string> {
  const client = new SSMClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: requestTimeoutMs },
  })
  try {
    const reply = await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }))
    return reply.Parameter?.Value ?? ''
  } finally {
    client.destroy()
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
