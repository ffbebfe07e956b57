/** How long a fresh process takes to its first answers: what a customer waits for behind a cold start. */
import type { BenchStage } from '../../stage/open-stage.ts'
import { startGateway } from '../../stage/start-gateway.ts'

/** In the order in which they are asked; each kind is asked more than once. */
export const asks = [
  { name: 'GET /healthz', path: '/healthz' },
  { name: 'paid chat, 1st', path: '/v1/chat/completions' },
  { name: 'paid chat, 2nd', path: '/v1/chat/completions' },
  { name: 'paid chat, 3rd', path: '/v1/chat/completions' },
  { name: 'paid response, 1st (loaded now)', path: '/v1/responses' },
  { name: 'paid response, 2nd', path: '/v1/responses' },
  { name: 'models, 1st (loaded now)', path: '/v1/models' },
  { name: 'models, 2nd', path: '/v1/models' },
] as const

type Path = (typeof asks)[number]['path']

export type FirstAnswers = {
  /** From the start of the process until it took a connection. */
  readonly readyMs: number
  /** By ask, in their order. */
  readonly answersMs: readonly number[]
}

export async function firstAnswers(
  stage: BenchStage,
  model: string,
  signal: AbortSignal,
): Promise<FirstAnswers> {
  const gateway = await startGateway(await stage.environment('embedded'))
  try {
    const answersMs: number[] = []
    for (const { path } of asks) {
      const askedAt = performance.now()
      const response = await fetch(`${gateway.url}${path}`, {
        ...orderFor(path, model),
        headers: { ...stage.headers[0], 'content-type': 'application/json' },
        signal,
      })
      await response.arrayBuffer()
      answersMs.push(performance.now() - askedAt)
      if (!response.ok) throw new Error(`${path} was answered with ${response.status}`)
    }
    return { readyMs: gateway.readyAfterMs, answersMs }
  } finally {
    await gateway.stop()
  }
}

function orderFor(path: Path, model: string): RequestInit {
  switch (path) {
    case '/healthz':
    case '/v1/models':
      return { method: 'GET' }
    case '/v1/chat/completions':
      return post({ model, messages: [{ role: 'user', content: 'Tell me a story.' }] })
    case '/v1/responses':
      return post({ model, input: 'Tell me a story.' })
  }
}

const post = (body: object): RequestInit => ({ method: 'POST', body: JSON.stringify(body) })
