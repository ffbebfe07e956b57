import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { pullModel, removeModel } from '../../../../apps/host/jobs/ollama-models.ts'
import { portOf, startFakeRuntime, textOf } from '../support/fake-runtime.ts'
import { aRun, makeGround } from './support.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const build = { profile_id: 'llama@q4', artifact_digest: digest('a') }
const order = { ...build, ollama_name: 'llama:8b' }

/** Ollama's model endpoints on a real port; a pull puts `arrives` under the name it is asked for. */
async function startOllama(
  options: {
    readonly installed?: Readonly<Record<string, string>>
    readonly arrives?: string
    readonly ending?: 'success' | 'error' | 'break' | 'hang'
  } = {},
) {
  const models = new Map(Object.entries(options.installed ?? {}))
  const calls: string[] = []
  const server = createServer(async (request, response) => {
    const call = `${request.method} ${request.url}`
    calls.push(call)
    if (call === 'GET /api/tags') {
      const list = [...models].map(([name, hex]) => ({ name, digest: hex.replace('sha256:', '') }))
      return void response.end(JSON.stringify({ models: list }))
    }
    const { model } = JSON.parse(await textOf(request))
    if (call === 'DELETE /api/delete') {
      response.statusCode = models.delete(model) ? 200 : 404
      return void response.end()
    }
    const line = (value: object) => response.write(`${JSON.stringify(value)}\n`)
    line({ status: 'pulling manifest' })
    line({ status: 'pulling aaaa', total: 200, completed: 100 })
    if (options.ending === 'hang') return
    if (options.ending === 'break') return void response.destroy()
    if (options.ending === 'error') line({ error: 'file does not exist' })
    else {
      models.set(model, options.arrives ?? digest('a'))
      line({ status: 'success' })
    }
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const url = `http://127.0.0.1:${portOf(server)}`
  const runtime = { id: 'main', kind: 'ollama', url, reachable: true, service: undefined } as const
  const local = [...models].map(([local_name, hex]) => ({
    local_name,
    runtime_id: 'main',
    artifact: { format: 'gguf', digest: hex, quantization: null, size_bytes: 1 },
    context_length: null,
    status: 'installed' as const,
    remote: false,
  }))
  const { ground } = await makeGround({ runtimes: () => [runtime], models: () => local })
  return { ground, runtime, calls, models }
}

describe('a pull', () => {
  it('tells how far it is and ends with the very build that was ordered', async () => {
    const { ground, models } = await startOllama()
    const { run, percents } = aRun()
    expect(await pullModel(order, ground, run)).toEqual({
      kind: 'succeeded',
      output: { pulled: true },
    })
    expect(models.get('llama:8b')).toBe(digest('a'))
    expect(percents).toEqual([50])
  })

  it('of what is there already is done', async () => {
    const { ground, calls } = await startOllama({ installed: { 'llama:8b': digest('a') } })
    const outcome = await pullModel(order, ground, aRun().run)
    expect(outcome).toEqual({ kind: 'succeeded', output: { pulled: false } })
    expect(calls).toEqual(['GET /api/tags'])
  })

  it('never replaces another build that the owner has under the name', async () => {
    const { ground, models } = await startOllama({ installed: { 'llama:8b': digest('b') } })
    const outcome = await pullModel(order, ground, aRun().run)
    expect(outcome).toEqual({ kind: 'rejected', reason: 'name_in_use' })
    expect(models.get('llama:8b')).toBe(digest('b'))
  })

  it('that brings another build is undone', async () => {
    const { ground, models } = await startOllama({ arrives: digest('c') })
    const outcome = await pullModel(order, ground, aRun().run)
    expect(outcome).toEqual({ kind: 'rolled_back', reason: 'other_build' })
    expect(models.size).toBe(0)
  })

  it.each([
    ['error', 'pull_failed'],
    ['break', 'pull_broke_off'],
  ] as const)('that ends in %s leaves nothing', async (ending, reason) => {
    const { ground, models } = await startOllama({ ending })
    expect(await pullModel(order, ground, aRun().run)).toEqual({ kind: 'rolled_back', reason })
    expect(models.size).toBe(0)
  })

  it('ends when it is aborted', async () => {
    const { ground } = await startOllama({ ending: 'hang' })
    const outcome = await pullModel(order, ground, aRun(AbortSignal.timeout(50)).run)
    expect(outcome).toEqual({ kind: 'rolled_back', reason: 'aborted' })
  })

  it('of a runtime that lists without end is given up', async () => {
    const surface = { '/api/tags': `{"models":[${' '.repeat(2 * 1024 * 1024)}]}` }
    const { url, close } = await startFakeRuntime({ surface })
    onTestFinished(close)
    const { ground, runtime } = await startOllama()
    const endless = { ...ground, runtimes: () => [{ ...runtime, url }] }
    const outcome = await pullModel(order, endless, aRun().run)
    expect(outcome).toEqual({ kind: 'failed', reason: 'ollama_not_answering' })
  })

  it('needs an Ollama', async () => {
    const { ground } = await makeGround()
    const outcome = await pullModel(order, ground, aRun().run)
    expect(outcome).toEqual({ kind: 'rejected', reason: 'no_ollama' })
  })
})

describe('a removal', () => {
  it('takes the build away, and none that came to its name since', async () => {
    const { ground, models } = await startOllama({ installed: { 'llama:8b': digest('a') } })
    models.set('llama:8b', digest('b'))
    const changed = await removeModel(build, ground, aRun().run)
    expect(changed).toEqual({ kind: 'failed', reason: 'model_changed' })
    models.set('llama:8b', digest('a'))
    const removed = await removeModel(build, ground, aRun().run)
    expect(removed).toEqual({ kind: 'succeeded', output: { removed: true } })
    expect(models.size).toBe(0)
  })

  it('of what is not there is done', async () => {
    const { ground, calls } = await startOllama()
    const outcome = await removeModel(build, ground, aRun().run)
    expect(outcome).toEqual({ kind: 'succeeded', output: { removed: false } })
    expect(calls).toEqual([])
  })

  it('is refused where the runtime cannot do it', async () => {
    const { ground, runtime } = await startOllama({ installed: { 'llama:8b': digest('a') } })
    const other = { ...ground, runtimes: () => [{ ...runtime, kind: 'vllm' as const }] }
    const outcome = await removeModel(build, other, aRun().run)
    expect(outcome).toEqual({ kind: 'rejected', reason: 'runtime_cannot_remove' })
  })
})
