import { once } from 'node:events'
import { request } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startProxyServer } from '../../../../apps/host/proxy/server.ts'
import { cancelPath } from '../../../../src/protocol/cancel.ts'
import { verifyTagged } from '../../../../src/protocol/ed25519.ts'
import { RouteProbeReply, routeProbePath } from '../../../../src/protocol/enrolment.ts'
import { textOf } from '../support/fake-runtime.ts'
import { encoded, errorOf, makeTicket } from '../support/gateway.ts'
import { openWorld } from '../support/host-world.ts'

/** Sends the path as it is written; `fetch` would tidy it up first. */
async function ask(
  proxyUrl: string,
  { method, path, ticket }: { readonly [name in 'method' | 'path' | 'ticket']: string },
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const sent = request(proxyUrl, { method, path, headers: { 'b3iq-ticket': ticket } })
  sent.end()
  const [response] = await once(sent, 'response')
  return { status: response.statusCode, body: await textOf(response) }
}

describe('paths outside the allowlist answer 404', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/v1/models'],
    ['GET', '/metrics'],
    ['GET', '/slots'],
    ['GET', '/v1/chat/completions'],
    ['PUT', '/v1/chat/completions'],
    ['POST', '/v1/chat/completions/'],
    ['POST', '//v1/chat/completions'],
    ['POST', '/V1/chat/completions'],
    ['POST', '/v1/chat/%63ompletions'],
    ['POST', '/v1//chat/completions'],
    ['POST', '/v1/./chat/completions/%2e%2e/x'],
    ['POST', '/v1/chat/completions%2f'],
    ['POST', '/v1/chat/completions%00'],
    ['POST', '/v1/chat/completions;x'],
    ['POST', '/%2e%2e/v1/chat/completions'],
    ['POST', '/x/../v1/chat/completions'],
    ['POST', '/./v1/chat/completions'],
    ['POST', 'http://127.0.0.1/v1/chat/completions'],
    ['POST', '*'],
    ['POST', '/v1/..%2fv1/chat/completions'],
    ['POST', '/V1/Chat/Completions'],
    ['POST', '/v1/responses'],
    ['POST', '/v1/audio/speech'],
    ['GET', '/v1'],
    ['GET', '/props'],
    ['GET', '/health'],
    ['GET', '/version'],
    ['GET', '/load'],
    ['GET', '/server_info'],
    ['POST', '/invocations'],
    ['POST', '/pooling'],
    ['POST', '/tokenize'],
    ['POST', '/detokenize'],
    ['POST', '/pause'],
    ['POST', '/resume'],
    ['POST', '/sleep'],
    ['POST', '/wake_up'],
    ['POST', '/update_weights'],
    ['POST', '/collective_rpc'],
    ['POST', '/reset_prefix_cache'],
    ['POST', '/flush_cache'],
    ['POST', '/set_internal_state'],
    ['POST', '/start_profile'],
    ['POST', '/generate'],
    ['POST', '/completion'],
    ['POST', '/infill'],
    ['POST', '/lora-adapters'],
    ['POST', '/slots'],
    ['POST', '/slots/0?action=save'],
    ['POST', '/api/pull'],
    ['POST', '/api/chat'],
    ['POST', '/api/create'],
    ['POST', '/api/push'],
    ['POST', '/api/copy'],
    ['DELETE', '/api/delete'],
    ['POST', '/v1/load_lora_adapter'],
    ['POST', '/.well-known/b3iq/'],
    ['POST', routeProbePath],
    ['GET', cancelPath],
    ['OPTIONS', '/v1/chat/completions'],
  ])('%s %s', async (method, path) => {
    const { proxy, runtime } = await openWorld()
    const ticket = encoded(makeTicket(proxy.node.nodeId, ''))
    const { status, body } = await ask(proxy.url, { method, path, ticket })
    expect(status).toBe(404)
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'not_found' } })
    expect(runtime.asked).toEqual([])
  })
})

describe('the route probe', () => {
  it('signs the nonce with node, epoch and time', async () => {
    const { proxy } = await openWorld()
    const response = await fetch(`${proxy.url}${routeProbePath}?nonce=abc-123`)
    const { signature, ...statement } = RouteProbeReply.parse(await response.json())
    expect(statement).toMatchObject({
      nonce: 'abc-123',
      node_id: proxy.node.nodeId,
      route_epoch: 3,
    })
    expect(Math.abs(Date.now() - statement.at_ms)).toBeLessThan(5_000)
    const { publicKey } = proxy.node.signer
    expect(verifyTagged('b3iq:route-probe:v1', statement, { publicKey, signature })).toBe(true)
  })

  it.each(['', '?nonce=', `?nonce=${'a'.repeat(65)}`, '?nonce=a%0Ab', '?other=1'])(
    'signs nothing for the query "%s"',
    async (query) => {
      const { proxy } = await openWorld()
      const response = await fetch(`${proxy.url}${routeProbePath}${query}`)
      expect(await errorOf(response)).toEqual({ status: 400, code: 'invalid_value' })
    },
  )
})

describe('the server', () => {
  it('answers 500 where a dispatch has a bug, and lives on', async () => {
    const logged: string[] = []
    const server = await startProxyServer({
      listen: { host: '127.0.0.1', port: 0 },
      dispatch: async () => {
        throw new Error('a bug')
      },
      routeProbe: () => undefined,
      log: (event) => logged.push(event),
    })
    onTestFinished(() => {
      server.stopListening()
      server.closeConnections()
    })
    const url = `http://127.0.0.1:${server.port}/v1/embeddings`
    for (const _ of [1, 2]) {
      const response = await fetch(url, { method: 'POST', body: '{}' })
      expect(await errorOf(response)).toEqual({ status: 500, code: 'internal_error' })
    }
    expect(logged).toEqual(['proxy_bug', 'proxy_bug'])
  })

  it('says in one sentence that its port is in use', async () => {
    const { proxy } = await openWorld()
    const listen = { host: '127.0.0.1', port: Number(new URL(proxy.url).port) }
    const start = startProxyServer({
      listen,
      dispatch: async () => undefined,
      routeProbe: () => undefined,
      log: () => undefined,
    })
    await expect(start).rejects.toThrow(/^Cannot listen on .*in use: stop what listens there/)
  })
})
