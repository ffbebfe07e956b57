/** Proves that the public route ends at the enrolled key: the probe's nonce, signed with its epoch. */
import type { ServerResponse } from 'node:http'
import * as z from 'zod'
import type { NowMs } from '../../../src/protocol/clock.ts'
import type { RouteProbeReply } from '../../../src/protocol/enrolment.ts'
import type { NodeKey } from '../node-key.ts'
import { sendJson, sendRefusal } from './replies.ts'

const Nonce = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)

export type RouteProbe = (query: URLSearchParams, response: ServerResponse) => void

export function makeRouteProbe(deps: {
  readonly node: NodeKey
  readonly routeEpoch: () => number
  readonly nowMs: NowMs
}): RouteProbe {
  return (query, response) => {
    const nonce = Nonce.safeParse(query.get('nonce'))
    if (!nonce.success) {
      const message = 'The query needs a nonce of 1 to 64 letters, digits, "-" or "_".'
      sendRefusal(response, { status: 400, code: 'invalid_value', message })
      return
    }
    const statement = {
      nonce: nonce.data,
      node_id: deps.node.nodeId,
      route_epoch: deps.routeEpoch(),
      at_ms: deps.nowMs(),
    }
    const signature = deps.node.signer.sign('b3iq:route-probe:v1', statement)
    const reply: RouteProbeReply = { ...statement, signature }
    sendJson(response, 200, reply, { 'cache-control': 'no-store' })
  }
}
