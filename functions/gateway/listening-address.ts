/**
 * Where the server listens. A Lambda Web Function says `host:port` and sends requests there alone; the web adapter and
 * a laptop name a port, and nobody else has to reach it.
 */
export type ListeningAddress = { readonly hostname: string; readonly port: number }

type Environment = Readonly<Record<string, string | undefined>>

export function listeningAddress(env: Environment): ListeningAddress {
  const endpoint = env.AWS_LAMBDA_HTTP_ENDPOINT
  if (endpoint !== undefined) return addressOf(endpoint)
  const port = env.AWS_LWA_PORT ?? env.PORT ?? '8080'
  return { hostname: '127.0.0.1', port: portOf(port) }
}

/** An IPv6 host stands in brackets, as in a URL. */
function addressOf(endpoint: string): ListeningAddress {
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(endpoint) ?? []
  const hostname = bracketed ?? plain
  if (hostname === undefined || port === undefined) {
    throw new Error(`AWS_LAMBDA_HTTP_ENDPOINT is "${endpoint}": it must be host:port.`)
  }
  return { hostname, port: portOf(port) }
}

function portOf(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`The port "${text}" is not a number from 0 to 65535.`)
  }
  return port
}
