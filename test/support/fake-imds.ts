/** The metadata service of an EC2 instance on a real port: version 2 alone, so no token, no answer. */
import { createServer } from 'node:http'
import { listening } from './listening.ts'

type Credentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

const roleName = 'B3iq-launch'
const tokenTtl = 'x-aws-ec2-metadata-token-ttl-seconds'
const prefix = '/latest/meta-data/'

export async function startFakeImds(instance: {
  readonly region: string
  readonly credentials: Credentials
}) {
  const facts = new Map<string, string>([
    ['placement/region', instance.region],
    ['iam/security-credentials/', roleName],
    [`iam/security-credentials/${roleName}`, JSON.stringify(roleOf(instance.credentials))],
    ['autoscaling/target-lifecycle-state', 'InService'],
  ])
  const server = createServer(({ method, url = '', headers }, response) => {
    if (method === 'PUT' && url === '/latest/api/token' && headers[tokenTtl] !== undefined) {
      return response.end('token-of-this-instance')
    }
    if (headers['x-aws-ec2-metadata-token'] !== 'token-of-this-instance') {
      return response.writeHead(401).end()
    }
    const fact = url.startsWith(prefix) ? facts.get(url.slice(prefix.length)) : undefined
    return fact === undefined ? response.writeHead(404).end('no such fact') : response.end(fact)
  })
  const { origin, stop } = await listening(server)
  return {
    origin,
    stop,
    /** From now on the service tells it at this path. */
    tell: (path: string, fact: string) => void facts.set(path, fact),
  }
}

const roleOf = ({ accessKeyId, secretAccessKey, sessionToken }: Credentials) => ({
  Code: 'Success',
  Type: 'AWS-HMAC',
  LastUpdated: '2030-01-01T00:00:00Z',
  AccessKeyId: accessKeyId,
  SecretAccessKey: secretAccessKey,
  Token: sessionToken,
  Expiration: '2099-01-01T00:00:00Z',
})
