/** What Lambda makes of a request to a function URL: payload format 2.0. */

export type UrlRequest = {
  readonly method?: string
  readonly path: string
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes travel as base64, as whatever is no text does. */
  readonly body?: object | Buffer
}

const domainName = 'abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.on.aws'

export function urlEvent({ method = 'POST', path, query = '', headers, body }: UrlRequest) {
  const isBase64Encoded = Buffer.isBuffer(body)
  const bytes = isBase64Encoded ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body))
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers: {
      host: domainName,
      'user-agent': 'test',
      'x-forwarded-for': '198.51.100.7',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
      'x-amzn-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793',
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(bytes.byteLength) }),
      ...headers,
    },
    requestContext: {
      accountId: 'anonymous',
      apiId: domainName.split('.')[0],
      domainName,
      domainPrefix: domainName.split('.')[0],
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '198.51.100.7', userAgent: 'test' },
      requestId: '00000000-0000-4000-8000-0000000000aa',
      routeKey: '$default',
      stage: '$default',
      time: '01/Nov/2026:12:00:00 +0000',
      timeEpoch: 1_793_534_400_000,
    },
    ...(body === undefined ? {} : { body: bytes.toString(isBase64Encoded ? 'base64' : 'utf8') }),
    isBase64Encoded,
  }
}
