/**
 * How an EC2 instance proves which role it was launched with: it presigns a question to STS, "who am I?",
 * and ingest asks it. The question travels in parts and not as a URL: ingest puts it together itself,
 * so that nobody can have it call another address or ask anything else.
 */
import * as z from 'zod'
import { sha256Hex } from './canonical.ts'
import { Sha256Hex } from './ids.ts'

/** A presigned question is good for this long, judged by ingest: STS itself would answer for longer. */
export const callerIdentityLifeSec = 60

/** Such as `eu-west-1`. */
export const AwsRegion = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/, 'is not an AWS region')

export const CallerIdentity = z.strictObject({
  region: AwsRegion,
  /** Of temporary credentials, as a role's are. */
  access_key_id: z.string().regex(/^ASIA[A-Z0-9]{12,60}$/),
  signed_at: z.string().regex(/^\d{8}T\d{6}Z$/),
  session_token: z.string().regex(/^[A-Za-z0-9+/=]{1,4096}$/),
  signature: Sha256Hex,
})
export type CallerIdentity = z.infer<typeof CallerIdentity>

/** What the signature covers beside the question: for another stage, key or challenge it is another. */
export type IdentityBinding = {
  readonly stage: string
  readonly publicKey: string
  readonly challenge: string
}

export type StsRequest = {
  readonly method: 'GET'
  readonly protocol: 'https:'
  readonly hostname: string
  readonly path: '/'
  readonly query: Readonly<Record<string, string>>
  /** All of them are signed. */
  readonly headers: Readonly<Record<string, string>>
}

const bindingHeader = 'x-b3iq-enrolment'

/** What the instance signs. */
export function callerIdentityRequest(region: string, binding: IdentityBinding): StsRequest {
  const { stage, publicKey, challenge } = binding
  const hostname = stsHost(region)
  return {
    method: 'GET',
    protocol: 'https:',
    hostname,
    path: '/',
    query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    headers: {
      host: hostname,
      [bindingHeader]: sha256Hex(`b3iq:instance:v1\n${stage}\n${publicKey}\n${challenge}`),
    },
  }
}

/** What ingest asks: the same, with the instance's signature. */
export function presignedRequest(identity: CallerIdentity, binding: IdentityBinding): StsRequest {
  const { region, signed_at: signedAt } = identity
  const request = callerIdentityRequest(region, binding)
  const scope = `${signedAt.slice(0, 8)}/${region}/sts/aws4_request`
  return {
    ...request,
    query: {
      ...request.query,
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `${identity.access_key_id}/${scope}`,
      'X-Amz-Date': signedAt,
      'X-Amz-Expires': String(callerIdentityLifeSec),
      'X-Amz-Security-Token': identity.session_token,
      'X-Amz-SignedHeaders': Object.keys(request.headers).toSorted().join(';'),
      'X-Amz-Signature': identity.signature,
    },
  }
}

/** Milliseconds of `20261121T210000Z`; NaN for a day that there is not. */
export function signedAtMs({ signed_at: text }: Pick<CallerIdentity, 'signed_at'>): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

/** China's regions have names, keys and an STS of their own. */
const stsHost = (region: string): string =>
  `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
