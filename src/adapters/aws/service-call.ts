/** One signed call of a service and what it answered, as JSON. */
import { crc32 } from 'node:zlib'
import type { NowMs } from '../../protocol/clock.ts'
import { AwsError, lostNames } from './aws-error.ts'
import type { Answer, Post } from './connection.ts'
import type { CredentialSource } from './credentials.ts'
import { type Message, makeSign, type Service } from './sign.ts'

export type ServiceDeps = {
  readonly post: Post
  readonly credentials: CredentialSource
  readonly nowMs: NowMs
  /** Sees every reply's `date`, before anything is made of the reply. */
  readonly onDate?: (date: string) => void
}

/** Sent a single time. Throws `AwsError`, or what the credentials' source throws. */
export type ServiceCall = (message: Message) => Promise<unknown>

export function makeServiceCall(service: Service, deps: ServiceDeps): ServiceCall {
  const sign = makeSign(service)
  return async (message) => {
    const credentials = await deps.credentials()
    const answer = await deps.post(sign(message, credentials, deps.nowMs()), message.body)
    if (answer.headers.date !== undefined) deps.onDate?.(answer.headers.date)
    return readAnswer(answer)
  }
}

/** What a reply says; throws where it is a refusal or none that can be read. */
export function readAnswer({ status, headers, body }: Answer): unknown {
  const checksum = headers['x-amz-crc32']
  if (checksum !== undefined && Number(checksum) !== crc32(body)) {
    throw new AwsError(lostNames.unreadable, { message: 'The reply was damaged on its way.' })
  }
  const reply = parse(body)
  if (status !== 200) throw refusal(status, reply)
  if (isObject(reply)) return reply
  throw new AwsError(lostNames.unreadable, { message: 'The reply is no JSON object.' })
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

/** Types are written as `namespace#Name`; the message's name begins with either letter. */
function refusal(status: number, reply: unknown): AwsError {
  const { __type: type, message, Message } = isObject(reply) ? reply : {}
  if (typeof type !== 'string') {
    return new AwsError('UnknownError', {
      message: `The reply has only a status, ${status}.`,
      status,
    })
  }
  const reason = [message, Message].find((one) => typeof one === 'string') ?? ''
  return new AwsError(type.replace(/^.*#/, ''), { message: reason, status, reply })
}
