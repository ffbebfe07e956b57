/**
 * What EC2 tells an instance about itself (IMDSv2), by the SDK's own client: it honours
 * AWS_EC2_METADATA_SERVICE_ENDPOINT, as everything on the instance does.
 */
import { getInstanceMetadataEndpoint, httpRequest } from '@smithy/credential-provider-imds'

const timeoutMs = 1_000
const tokenLifeSec = 60

/** Undefined where there is nothing at `path`; rejects where the service does not answer. */
export async function readInstanceMetadata(path: string): Promise<string | undefined> {
  const endpoint = { ...(await getInstanceMetadataEndpoint()), timeout: timeoutMs }
  const token = await httpRequest({
    ...endpoint,
    method: 'PUT',
    path: '/latest/api/token',
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': String(tokenLifeSec) },
  })
  try {
    const found = await httpRequest({
      ...endpoint,
      path: `/latest/meta-data/${path}`,
      headers: { 'x-aws-ec2-metadata-token': token.toString('utf8') },
    })
    return found.toString('utf8').trim()
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error && error.statusCode === 404)
      return undefined
    throw error
  }
}
