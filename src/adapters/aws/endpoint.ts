/** Where a service of AWS is reached. */

export type Endpoint = { readonly url: URL; readonly region: string }

type Environment = Readonly<Record<string, string | undefined>>

/**
 * That of the region, unless the environment names another, under the names that the SDKs read.
 * Throws a sentence where there is no region or the address is none.
 */
export function endpointOf(service: 'dynamodb' | 'ssm', env: Environment = process.env): Endpoint {
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION
  if (!region) throw new Error('There is no AWS region: set AWS_REGION, such as eu-central-1.')
  const given = env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] ?? env.AWS_ENDPOINT_URL
  return { region, url: urlOf(given || `https://${service}.${region}.amazonaws.com`) }
}

/** An address as somebody gave it. */
export function urlOf(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url && /^https?:$/.test(url.protocol)) return url
  throw new Error(`"${given}" is no address of a service: give one that begins with https://.`)
}
