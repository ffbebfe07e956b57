/**
 * Whether the agent answers where it listens, and where the world finds it. Both are asked with a
 * nonce of our own and must answer with this node's signature.
 */
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { createServer } from 'node:net'
import { verifyTagged } from '../../../src/protocol/ed25519.ts'
import { RouteProbeReply, routeProbePath } from '../../../src/protocol/enrolment.ts'
import { readBoundedText } from '../bounded-body.ts'
import type { HostConfig } from '../config.ts'
import type { NodeKey } from '../node-key.ts'
import { readBody } from '../proxy/request-body.ts'
import { errorCode, messageOf } from '../stated-error.ts'
import { blocked, type Finding, ok, skipped, warning } from './check.ts'

const timeoutMs = 5_000
const replyBytesMax = 16 * 1024

export type Probed = 'ours' | 'foreign' | 'silent'

/** Never rejects. `foreign`: something answers, and not with this node's signature. */
export async function probeRoute(
  baseUrl: string,
  {
    node,
    nonce,
    anyCertificate = false,
  }: {
    readonly node: NodeKey
    readonly nonce: string
    /** The certificate may be of nobody's making, or for another name. */
    readonly anyCertificate?: boolean
  },
): Promise<{ readonly probed: Probed; readonly detail: string }> {
  const url = `${baseUrl.replace(/\/+$/, '')}${routeProbePath}?nonce=${nonce}`
  let text: string | undefined
  try {
    text = await (anyCertificate && url.startsWith('https:') ? readWithoutTrust(url) : read(url))
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return { probed: 'silent', detail: messageOf(cause) }
  }
  return isOurs(text, { node, nonce })
    ? { probed: 'ours', detail: 'answers with the signature of this node' }
    : { probed: 'foreign', detail: 'answers without the signature of this node' }
}

async function read(url: string): Promise<string | undefined> {
  const signal = AbortSignal.timeout(timeoutMs)
  const response = await fetch(url, { redirect: 'error', signal })
  return readBoundedText(response, replyBytesMax)
}

/** What proves the agent is its signature; `fetch` would ask for a certificate that is trusted. */
async function readWithoutTrust(url: string): Promise<string | undefined> {
  const signal = AbortSignal.timeout(timeoutMs)
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { rejectUnauthorized: false, agent: false, signal }, resolve).on('error', reject)
  })
  const body = await readBody(response, replyBytesMax)
  response.destroy()
  return body.ok ? body.bytes.toString('utf8') : undefined
}

function isOurs(
  text: string | undefined,
  { node, nonce }: { readonly node: NodeKey; readonly nonce: string },
): boolean {
  try {
    const { signature, ...statement } = RouteProbeReply.parse(JSON.parse(text ?? ''))
    const { publicKey } = node.signer
    return (
      statement.nonce === nonce &&
      statement.node_id === node.nodeId &&
      verifyTagged('b3iq:route-probe:v1', statement, { publicKey, signature })
    )
  } catch {
    return false
  }
}

/** Where a program on this machine reaches what listens there. */
export function localUrl({ listen, route }: Pick<HostConfig, 'listen' | 'route'>): string {
  const { host, port } = listen
  const servesTls = route?.kind === 'direct' && route.private_key_file !== undefined
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `${servesTls ? 'https' : 'http'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

/** `probed` is undefined where nothing could be asked: mode local has no signed answer. */
export async function checkPort(
  { listen, mode }: Pick<HostConfig, 'listen' | 'mode'>,
  probed: Probed | undefined,
): Promise<Finding> {
  const where = `${listen.host}:${listen.port}`
  if (probed === 'ours') return ok(`The agent of this node answers at ${where}.`)
  if (listen.port === 0) return ok('Any free port is taken at each start.')
  const code = await listenError(listen)
  switch (code) {
    case undefined:
      return ok(`${where} is free.`)
    case 'EADDRINUSE':
      if (mode === 'local') {
        return warning(
          `${where} is in use.`,
          'Choose another listen.port, unless it is this agent.',
        )
      }
      return blocked(
        `${where} is taken by another program.`,
        'End that program, or choose another listen.port.',
      )
    case 'EACCES':
      return blocked(`${where} may not be opened.`, 'Choose a listen.port above 1023.')
    default:
      return blocked(`${where} cannot be opened (${code}).`, 'Correct listen.host.')
  }
}

/** Undefined where the address can be listened on; it is given back at once. */
function listenError({ host, port }: HostConfig['listen']): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve(errorCode(error) ?? messageOf(error)))
    server.listen({ host, port }, () => server.close(() => resolve(undefined)))
  })
}

export function checkRoute(facts: {
  /** Undefined where the node has no public address yet. */
  readonly publicUrl: string | undefined
  readonly isRunning: boolean
  readonly probe: { readonly probed: Probed; readonly detail: string } | undefined
  /** What the operator's own probes found; undefined where that is not known. */
  readonly provenOutside: boolean | undefined
}): Finding {
  const { publicUrl, isRunning, probe, provenOutside } = facts
  if (publicUrl === undefined || probe === undefined) return skipped('There is no public route.')
  if (probe.probed === 'ours') {
    return provenOutside === false
      ? warning(
          `${publicUrl} answers from here, and not from outside.`,
          'Let the world in: forward the port, or open the firewall.',
        )
      : ok(`${publicUrl} ${probe.detail}.`)
  }
  if (probe.probed === 'foreign') {
    return blocked(
      `${publicUrl} ${probe.detail}.`,
      'Point the route at the port of this agent, and at nothing else.',
    )
  }
  if (provenOutside === true) {
    return ok(`${publicUrl} answers the operator, although this network cannot reach itself.`)
  }
  return isRunning
    ? blocked(
        `${publicUrl} does not answer: ${probe.detail}.`,
        'Check the name, the port forwarding or the tunnel.',
      )
    : skipped(`${publicUrl} cannot answer while the agent does not run.`)
}
