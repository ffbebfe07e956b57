/**
 * `b3iq admin init`: the first owner key, once in the life of a stage. On a laptop a token proves the right to
 * it. On AWS the call is signed by credentials of the account, which this program does not handle: curl
 * makes that call, and what it answers is piped in here, so that the key still goes straight to its file.
 */
import { join } from 'node:path'
import * as z from 'zod'
import { makeApi, refusalOf, wireFailure } from '../api.ts'
import { checkedBaseUrl } from '../base-url.ts'
import { flag, option } from '../inputs.ts'
import { readJson } from '../json-file.ts'
import { leaf } from '../leaf.ts'
import { readText } from '../local-files.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import { intoSecretFile, secretLost } from '../secret-file.ts'
import type { Session } from '../session.ts'
import { configFolder, targetOf } from '../settings.ts'

const route = 'POST /admin/bootstrap'
const tokenHeader = 'x-b3iq-bootstrap-token'

export const initLeaf = leaf({
  name: 'admin init',
  does: 'make the first owner key; it goes to a file that only you can read',
  more: `On a laptop:  b3iq admin init --admin http://127.0.0.1:8789 --token-file .local/secrets.json
On AWS (the stack's output BootstrapUrl):
  curl --fail-with-body -sS -X POST "$BOOTSTRAP_URL/admin/bootstrap" --aws-sigv4 "aws:amz:$AWS_REGION:lambda" \\
    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H "x-amz-security-token: $AWS_SESSION_TOKEN" \\
    | b3iq admin init --reply-file -`,
  inputs: {
    tokenFile: option(
      '--token-file <file>',
      "holds the bootstrap token, or is the laptop's secrets.json",
    ),
    replyFile: option('--reply-file <file>', 'what curl got on AWS, or - for what is piped in'),
    writeKeyFile: option('--write-key-file <file>', 'by default ~/.config/b3iq/owner.key'),
    show: flag('--show', 'print the key and write no file'),
  },
  calls: [route],
  run: async (session, { tokenFile, replyFile, writeKeyFile, show }) => {
    if ((tokenFile === undefined) === (replyFile === undefined)) {
      return refuse(
        'Name --token-file on a laptop, or --reply-file on AWS: "b3iq admin init --help" shows both.',
      )
    }
    const mint = () =>
      replyFile === undefined ? ask(session, tokenFile ?? '') : fromReply(session, replyFile)
    if (show) {
      const made = await mint()
      if (!made.ok) return made
      return typeof made.value.key === 'string'
        ? ok(session.record(made.value))
        : secretLost(made.value)
    }
    const file = writeKeyFile ?? join(configFolder(session.world), 'owner.key')
    const written = await intoSecretFile(file, mint)
    return written.ok ? ok(session.record(written.value)) : written
  },
})

async function ask(session: Session, tokenFile: string) {
  const token = await readToken(tokenFile)
  if (!token.ok) return token
  const target = await targetOf('admin', session.flags, session.world)
  if (!target.ok) return target
  const url = checkedBaseUrl(target.value.url, 'admin', { sendsKey: true })
  if (!url.ok) return url
  const { world, idempotencyKey } = session
  const api = makeApi({
    ...world,
    surface: 'admin',
    url: url.value,
    key: undefined,
    idempotencyKey,
  })
  const headers = { [tokenHeader]: token.value }
  return api.askJson({ method: 'POST', path: '/admin/bootstrap', body: {}, headers })
}

async function fromReply(session: Session, replyFile: string) {
  const reply = await readJson(replyFile, session.world)
  if (!reply.ok) return reply
  const text = JSON.stringify(reply.value)
  if (wireFailure(text)) {
    return refusalOf({ surface: 'admin', url: 'AWS' }, { status: 0, headers: new Headers(), text })
  }
  return reply.value.object === 'operator_key'
    ? reply
    : refuse('This is no reply of the bootstrap: look at what curl printed, with its status.')
}

const Secrets = z.object({ bootstrap_token: z.string() })

async function readToken(path: string): Promise<Outcome<string>> {
  const text = await readText(path)
  if (!text.ok) return text
  const token = tokenIn(text.value)
  return /^[\x21-\x7e]{1,256}$/.test(token)
    ? ok(token)
    : refuse(`${path} holds no bootstrap token.`)
}

function tokenIn(text: string): string {
  try {
    return Secrets.parse(JSON.parse(text)).bootstrap_token
  } catch {
    return text.trim()
  }
}
