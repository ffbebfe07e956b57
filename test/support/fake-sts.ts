/**
 * An STS on a real port that believes nobody: from what arrives and the secrets that it gave out it works
 * out Signature Version 4 by itself, with no code of ours and none of AWS's, and then says who asked.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listening } from './listening.ts'

/** What STS itself allows between a signature and its use, whatever the signature says. */
const lifeMs = 15 * 60_000

export type FakeSts = Awaited<ReturnType<typeof startFakeSts>>

export async function startFakeSts(options: { readonly nowMs?: () => number } = {}) {
  const nowMs = options.nowMs ?? Date.now
  const sessions = new Map<string, { secret: string; token: string; userId: string }>()
  const asked: string[] = []
  let answer = answerTruly

  function answerTruly(request: IncomingMessage, response: ServerResponse): void {
    const userId = callerOf(request)
    const [status, body] =
      userId === undefined
        ? [403, { Error: { Code: 'SignatureDoesNotMatch', Message: 'No.', Type: 'Sender' } }]
        : [200, identityOf(userId)]
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  function callerOf({ method, url = '', headers }: IncomingMessage): string | undefined {
    const { searchParams } = new URL(url, 'http://sts')
    const given = (name: string) => searchParams.get(`X-Amz-${name}`) ?? ''
    const [accessKeyId = '', day = '', region = '', service = ''] = given('Credential').split('/')
    const session = sessions.get(accessKeyId)
    const isAsked = searchParams.get('Action') === 'GetCallerIdentity' && service === 'sts'
    if (!session || !isAsked || given('Security-Token') !== session.token) return undefined
    if (headers.host !== `sts.${region}.amazonaws.com`) return undefined
    const signedAt = given('Date')
    if (!(Math.abs(nowMs() - timeOf(signedAt)) < lifeMs)) return undefined
    const names = given('SignedHeaders').split(';')
    const query = [...searchParams]
      .filter(([name]) => name !== 'X-Amz-Signature')
      .map((pair) => pair.map(escaped).join('='))
      .toSorted()
    const canonical = [
      method,
      '/',
      query.join('&'),
      ...names.map((name) => `${name}:${String(headers[name]).trim()}`),
      '',
      names.join(';'),
      sha256(''),
    ].join('\n')
    const scope = `${day}/${region}/sts/aws4_request`
    const text = ['AWS4-HMAC-SHA256', signedAt, scope, sha256(canonical)].join('\n')
    const key = [day, region, 'sts', 'aws4_request'].reduce<Buffer>(
      hmac,
      Buffer.from(`AWS4${session.secret}`),
    )
    return hmac(key, text).toString('hex') === given('Signature') ? session.userId : undefined
  }

  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  const { origin, stop } = await listening(server)
  return {
    origin,
    stop,
    /** Paths with their queries, as they arrived. */
    asked,
    /** Credentials such as EC2 hands to an instance with a role. */
    launch: (roleId: string, instanceId: string) => {
      const accessKeyId = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`
      const secret = randomBytes(30).toString('base64')
      const token = randomBytes(600).toString('base64')
      sessions.set(accessKeyId, { secret, token, userId: `${roleId}:${instanceId}` })
      return { accessKeyId, secretAccessKey: secret, sessionToken: token }
    },
    /** From now on it answers so, or truly again. */
    answerBy: (change: ((response: ServerResponse) => void) | undefined) => {
      answer = change === undefined ? answerTruly : (_, response) => change(response)
    },
  }
}

const identityOf = (userId: string) => ({
  GetCallerIdentityResponse: {
    GetCallerIdentityResult: {
      Account: '123456789012',
      Arn: `arn:aws:sts::123456789012:assumed-role/B3iq/${userId.split(':')[1]}`,
      UserId: userId,
    },
    ResponseMetadata: { RequestId: 'r' },
  },
})

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** As RFC 3986 has it: all but letters, digits, `-._~`. */
const escaped = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  )

const timeOf = (text: string) =>
  Date.parse(text.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))
