/**
 * What a profile of the processor says of a paid request: each sample belongs to the innermost frame that is one
 * of ours or of a package, so that what Node does for it counts with it; where there is none, to Node.
 */
import type { Profiler } from 'node:inspector'

export const idle = 'idle'

/** The first that fits a frame's file names its share. */
const shares: readonly (readonly [share: string, file: RegExp])[] = [
  ['database client', /\/src\/adapters\/(aws|dynamodb)\/|\/@aws-sdk\/|\/@smithy\//],
  ['schemas (zod)', /\/node_modules\/zod\//],
  [
    'signatures, hashes, canonical JSON',
    /\/src\/(protocol\/(ed25519|canonical|ticket|claim)|keys\/api-key|receipts\/|dispatch\/ticket-signer)|\/node_modules\/canonicalize\//,
  ],
  ['line of metrics', /\/src\/adapters\/(metrics|logger)|\/@aws-lambda-powertools\//],
  [
    'call of the host',
    /\/src\/adapters\/hosts\/|\/src\/dispatch\/(attempt|current-route|live-proof)/,
  ],
  [
    'relay of the answer',
    /\/src\/(gateway\/(relay|serve|answer|text|early|transcript|respond|completion-event|repetition)|dispatch\/|protocol\/(host-frames|host-usage|chat-chunk|json-text|bounded-json))|\/eventsource-parser\//,
  ],
  ['ledger and money', /\/src\/(ledger|money)\//],
  ['choice, price, count', /\/src\/(routing|fleet|catalogue|metering)\//],
  ['HTTP and routes (hono)', /\/node_modules\/@?hono\/|\/src\/http\//],
  ['the gateway’s own code', /\/src\/|\/functions\//],
  ['Node: HTTP server', /^node:_http_server/],
  ['Node: HTTP client', /^node:_http_(client|agent)/],
  ['Node: sockets and streams', /^node:(_http|net|internal\/(streams|stream_base|tls|http))/],
]
const elsewhere = 'Node: all else'

const namedFrames: ReadonlyMap<string, string> = new Map([
  ['(garbage collector)', 'garbage collection'],
  ['(idle)', idle],
])

/** Milliseconds by share, the idle time among them. */
export function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile) {
  const shareOfNode = sharesOfNodes(nodes)
  const ms = new Map<string, number>()
  for (const [at, node] of samples.entries()) {
    const share = shareOfNode.get(node) ?? elsewhere
    ms.set(share, (ms.get(share) ?? 0) + (timeDeltas[at] ?? 0) / 1000)
  }
  return ms
}

function sharesOfNodes(nodes: readonly Profiler.ProfileNode[]): ReadonlyMap<number, string> {
  const parents = new Map<number, number>()
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id)
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const fileOf = (id: number) => byId.get(id)?.callFrame.url ?? ''
  const shareOf = (id: number): string => {
    const own = namedFrames.get(byId.get(id)?.callFrame.functionName ?? '')
    if (own !== undefined) return own
    let ofNode: string | undefined
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const file = fileOf(at)
      const share = shares.find(([, pattern]) => pattern.test(file))?.[0]
      if (share === undefined) continue
      if (!file.startsWith('node:')) return share
      ofNode ??= share
    }
    return ofNode ?? elsewhere
  }
  return new Map(nodes.map(({ id }) => [id, shareOf(id)]))
}
