/**
 * Presigns the question "who am I?" with the credentials of the instance's role, for ingest to ask STS. The
 * secret of the credentials stays here; what leaves proves the role once, for one key and one challenge.
 */
import { createHash, createHmac } from 'node:crypto'
import { fromInstanceMetadata } from '@smithy/credential-provider-imds'
import { SignatureV4 } from '@smithy/signature-v4'
import {
  CallerIdentity,
  callerIdentityLifeSec,
  callerIdentityRequest,
  type IdentityBinding,
} from '../../src/protocol/caller-identity.ts'
import { readInstanceMetadata } from './instance-metadata.ts'
import { messageOf, StatedError } from './stated-error.ts'

type Signing = ConstructorParameters<typeof SignatureV4>[0]
type Credentials = Exclude<Signing['credentials'], (...args: never) => unknown>

/** Throws a StatedError on a machine that is no EC2 instance with a role. */
export async function instanceIdentity(
  binding: IdentityBinding,
  nowMs: number,
): Promise<CallerIdentity> {
  const found = await instanceFacts().catch((error: unknown) => {
    throw new StatedError(
      `EC2's metadata service does not answer (${messageOf(error)}): "machine": "ec2" is for instances with a role.`,
    )
  })
  return presignedIdentity(found, binding, nowMs)
}

async function instanceFacts() {
  const [region, credentials] = await Promise.all([
    readInstanceMetadata('placement/region'),
    fromInstanceMetadata({ timeout: 1_000, maxRetries: 2, ec2MetadataV1Disabled: true })(),
  ])
  if (region === undefined) throw new Error('it names no region')
  return { region, credentials }
}

export async function presignedIdentity(
  { region, credentials }: { readonly region: string; readonly credentials: Credentials },
  binding: IdentityBinding,
  nowMs: number,
): Promise<CallerIdentity> {
  const signer = new SignatureV4({ service: 'sts', region, credentials, sha256: Sha256 })
  const { headers, query, ...request } = callerIdentityRequest(region, binding)
  const { query: signed = {} } = await signer.presign(
    { ...request, headers: { ...headers }, query: { ...query } },
    { signingDate: new Date(nowMs), expiresIn: callerIdentityLifeSec },
  )
  const identity = CallerIdentity.safeParse({
    region,
    access_key_id: String(signed['X-Amz-Credential']).split('/')[0],
    signed_at: signed['X-Amz-Date'],
    session_token: signed['X-Amz-Security-Token'],
    signature: signed['X-Amz-Signature'],
  })
  if (identity.success) return identity.data
  throw new StatedError('The credentials of this instance are not those of a role: give it one.')
}

/** The signer takes its hash as a class, which makes an HMAC where it gets a key. */
class Sha256 {
  #hash: { update(data: Uint8Array): unknown; digest(): Buffer }
  readonly #make: () => { update(data: Uint8Array): unknown; digest(): Buffer }

  constructor(secret?: ConstructorParameters<Signing['sha256']>[0]) {
    this.#make = () =>
      secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret))
    this.#hash = this.#make()
  }

  update(data: Uint8Array): void {
    this.#hash.update(data)
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  reset(): void {
    this.#hash = this.#make()
  }
}

type Secret = NonNullable<ConstructorParameters<Signing['sha256']>[0]>

function bytesOf(secret: Secret): Buffer {
  if (typeof secret === 'string') return Buffer.from(secret, 'utf8')
  return ArrayBuffer.isView(secret)
    ? Buffer.from(secret.buffer, secret.byteOffset, secret.byteLength)
    : Buffer.from(secret)
}
