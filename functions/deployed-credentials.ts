/**
 * Where a deployed function has its credentials from: Lambda writes them into the environment, or
 * names there an address on the loopback that gives them. Bundles carry this in place of the SDK's own
 * chain, whose profiles, sign-ins and assumed roles are a person's and a tenth of the bundle.
 */
import { fromContainerMetadata } from '@smithy/credential-provider-imds'

export type Credentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** Undefined where they last longer than the process. */
  readonly expiration?: Date
}

const metadata = { timeout: 1_000, maxRetries: 2 }

/** Has the name and the form of what it stands in for. Throws where there are no credentials. */
export const defaultProvider = () => async (): Promise<Credentials> => {
  const { env } = process
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  const { AWS_SESSION_TOKEN: sessionToken } = env
  if (accessKeyId && secretAccessKey) {
    return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
  }
  if (env.AWS_CONTAINER_CREDENTIALS_FULL_URI || env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI) {
    return fromContainerMetadata(metadata)()
  }
  throw new Error(
    'There are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as Lambda does.',
  )
}
