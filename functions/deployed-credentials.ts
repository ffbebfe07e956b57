/**
 * Where a deployed function has its credentials from: Lambda writes them into the environment, or
 * names there an address on the loopback that gives them. Bundles carry this in place of the SDK's own
 * chain, whose profiles, sign-ins and assumed roles are a person's and a tenth of the bundle.
 */
import * as z from 'zod'

export type Credentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** Undefined where they last longer than the process. */
  readonly expiration?: Date
}

const attemptsMax = 3
const attemptMs = 1_000

const Given = z.object({
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  Token: z.string(),
  Expiration: z.iso.datetime().transform((text) => new Date(text)),
})

/** Has the name and the form of what it stands in for. Throws where there are no credentials. */
export const defaultProvider = () => async (): Promise<Credentials> => {
  const { env } = process
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  const { AWS_SESSION_TOKEN: sessionToken } = env
  if (accessKeyId && secretAccessKey) {
    return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
  }
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri } = env
  if (uri) return askLoopback(uri, env.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? '')
  throw new Error(
    'There are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as Lambda does.',
  )
}

/** The token proves that we are this function: nobody else's address may hear it. */
async function askLoopback(uri: string, token: string): Promise<Credentials> {
  const { hostname } = new URL(uri)
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
    throw new Error(`AWS_CONTAINER_CREDENTIALS_FULL_URI names ${hostname}, not the loopback.`)
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      const headers = { authorization: token }
      const response = await fetch(uri, { headers, signal: AbortSignal.timeout(attemptMs) })
      const { AccessKeyId, SecretAccessKey, Token, Expiration } = Given.parse(await response.json())
      return {
        accessKeyId: AccessKeyId,
        secretAccessKey: SecretAccessKey,
        sessionToken: Token,
        expiration: Expiration,
      }
    } catch (cause) {
      if (attempt < attemptsMax) continue
      const message = 'The address in AWS_CONTAINER_CREDENTIALS_FULL_URI gave no credentials.'
      throw new Error(message, { cause })
    }
  }
}
