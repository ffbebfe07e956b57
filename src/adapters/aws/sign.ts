/**
 * AWS Signature Version 4 for the services that take JSON by POST at `/`. Every header that is sent
 * but the body's length is signed; the body's hash is part of the signature.
 */
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'

export type Credentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** Where and as what calls are sent; `host` with the port where it is not the scheme's own. */
export type Service = {
  readonly name: string
  readonly region: string
  readonly host: string
  readonly contentType: string
}

/** What is asked: the operation, such as `DynamoDB_20120810.GetItem`, and its JSON. */
export type Message = { readonly target: string; readonly body: string }

/** All headers but `content-length`, as name, value, name, value. */
export type Sign = (message: Message, credentials: Credentials, atMs: number) => string[]

const algorithm = 'AWS4-HMAC-SHA256'

export function makeSign({ name, region, host, contentType }: Service): Sign {
  const signingKey = makeSigningKey(region, name)
  return ({ target, body }, credentials, atMs) => {
    const time = new Date(atMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
    const day = time.slice(0, 8)
    const { accessKeyId, sessionToken } = credentials
    const tokenLine = sessionToken === undefined ? '' : `x-amz-security-token:${sessionToken}\n`
    const tokenName = sessionToken === undefined ? '' : 'x-amz-security-token;'
    const names = `content-type;host;x-amz-date;${tokenName}x-amz-target`
    const canonical = hash(
      'sha256',
      `POST\n/\n\ncontent-type:${contentType}\nhost:${host}\nx-amz-date:${time}\n${tokenLine}` +
        `x-amz-target:${target}\n\n${names}\n${hash('sha256', body)}`,
    )
    const scope = `${day}/${region}/${name}/aws4_request`
    const signature = createHmac('sha256', signingKey(credentials, day))
      .update(`${algorithm}\n${time}\n${scope}\n${canonical}`)
      .digest('hex')
    const headers = [
      ...['host', host, 'content-type', contentType, 'x-amz-date', time, 'x-amz-target', target],
      'authorization',
      `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    ]
    if (sessionToken !== undefined) headers.push('x-amz-security-token', sessionToken)
    return headers
  }
}

/** Derived once a day and secret: four hashes that every call would repeat. */
function makeSigningKey(region: string, service: string) {
  let kept: { readonly secret: string; readonly day: string; readonly key: KeyObject } | undefined
  return ({ secretAccessKey: secret }: Credentials, day: string): KeyObject => {
    if (kept?.secret === secret && kept.day === day) return kept.key
    const key = [day, region, service, 'aws4_request'].reduce<Buffer>(
      (above, part) => createHmac('sha256', above).update(part).digest(),
      Buffer.from(`AWS4${secret}`),
    )
    // As an object: of bytes, every use would make one anew, which takes longer than the rest.
    kept = { secret, day, key: createSecretKey(key) }
    return kept.key
  }
}
