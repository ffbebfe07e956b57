import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cancelPath } from '../../../../src/protocol/cancel.ts'
import { routeProbePath } from '../../../../src/protocol/enrolment.ts'
import { chatBody, encoded, errorOf, makeTicket, post, proofOf } from '../support/gateway.ts'
import { openHost } from '../support/host-process.ts'

/** A host in mode local that runs; it was never enrolled. */
async function openLocal(options: Parameters<typeof openHost>[0] = {}) {
  const host = await openHost({
    ...options,
    config: { mode: 'local', route: undefined, token_file: 'local.token', ...options.config },
  })
  const tokenFile = join(host.folder, 'local.token')
  const running = await host.run()
  const token = (await readFile(tokenFile, 'utf8')).trim()
  const ask = (path: string, init: RequestInit = {}, bearer: string | null = token) =>
    fetch(`${running.proxyUrl}${path}`, {
      ...init,
      headers: bearer === null ? {} : { authorization: `Bearer ${bearer}` },
    })
  const chat = (body: string, bearer?: string | null) =>
    ask('/v1/chat/completions', { method: 'POST', body }, bearer)
  return { ...host, ...running, tokenFile, ask, chat }
}

describe('mode local', () => {
  it('serves its owner, with the token it made, and asks no control plane', async () => {
    const { ask, chat, tokenFile, ingest, runtime, child, output } = await openLocal()
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600)
    expect(await (await ask('/v1/models')).json()).toMatchObject({ data: [{ id: 'm' }] })

    const body = chatBody({ model: 'm' })
    const response = await chat(body)
    expect(response.status).toBe(200)
    expect(proofOf(response)).toBe('')
    const text = await response.text()
    expect(text).toContain('[DONE]')
    expect(text).not.toContain('b3iq')
    expect(runtime.asked).toEqual([{ path: '/v1/chat/completions', body: JSON.parse(body) }])

    const form = new FormData()
    form.set('model', 'm')
    form.set('file', new Blob(['RIFF']), 'speech.wav')
    const heard = await ask('/v1/audio/transcriptions', { method: 'POST', body: form })
    expect(heard.status).toBe(200)
    await heard.text()
    expect(runtime.asked.at(-1)?.path).toBe('/v1/audio/transcriptions')
    expect([...(runtime.forms[0]?.keys() ?? [])]).toEqual(['model', 'file'])

    child.kill('SIGTERM')
    await once(child, 'close')
    expect(ingest.requests).toEqual([])
    expect(output.err).not.toMatch(/secret/)
  }, 20_000)

  it('takes nothing from whoever has not the token, a ticket of a gateway included', async () => {
    const { ask, chat, runtime, ready, proxyUrl } = await openLocal()
    const body = chatBody({ model: 'm' })
    for (const bearer of [null, '', 'x'.repeat(43)]) {
      expect(await errorOf(await chat(body, bearer))).toEqual({ status: 401, code: 'unauthorized' })
      expect((await ask('/v1/models', {}, bearer)).status).toBe(401)
    }
    const ticket = encoded(makeTicket(ready.node_id, body))
    expect((await post({ proxyUrl, body, ticket })).status).toBe(401)
    expect(runtime.asked).toEqual([])

    // And with it no more than the paths of an API.
    for (const path of [routeProbePath, cancelPath, '/api/tags', '/metrics']) {
      expect((await ask(path)).status).toBe(404)
    }
    const image = { type: 'image_url', image_url: { url: 'http://169.254.169.254/' } }
    const messages = [{ role: 'user', content: [image] }]
    expect((await chat(chatBody({ model: 'm', messages }))).status).toBe(400)
    expect(await errorOf(await chat(chatBody({ model: 'other' })))).toEqual({
      status: 404,
      code: 'model_not_found',
    })
  }, 20_000)

  it('does not start with a token that others may read', async () => {
    const host = await openHost({
      config: { mode: 'local', route: undefined, token_file: 'local.token' },
    })
    await writeFile(join(host.folder, 'local.token'), `${'t'.repeat(43)}\n`, { mode: 0o644 })
    const { err, exitCode } = await host.tell('run')
    expect(err).toMatch(/The token file .* is open to other users: run chmod 600 on it\./)
    expect(exitCode).toBe(1)
  })
})
