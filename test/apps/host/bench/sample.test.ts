import { describe, expect, it, onTestFinished } from 'vitest'
import { takeSample } from '../../../../apps/host/bench/sample.ts'
import {
  content,
  done,
  type Reply,
  sse,
  startFakeRuntime,
  stop,
  usage,
} from '../support/fake-runtime.ts'

async function sampleOf(reply: Reply, signal = new AbortController().signal) {
  const runtime = await startFakeRuntime({ reply })
  onTestFinished(runtime.close)
  const question = { url: runtime.url, model: 'm', prompt: 'a prompt', tokensMax: 8 }
  const timeouts = { connectMs: 1_000, headersMs: 1_000, idleMs: 300 }
  let ticks = 0
  // One tick for each look at the clock.
  const sample = await takeSample(question, { signal, timeouts, monotonicMs: () => ++ticks })
  return { sample, asked: runtime.asked }
}

describe('a sample', () => {
  it('is a streamed chat request with a bound', async () => {
    const { asked } = await sampleOf({ pieces: [content('a'), done] })
    expect(asked).toEqual([
      {
        path: '/v1/chat/completions',
        body: {
          model: 'm',
          messages: [{ role: 'user', content: 'a prompt' }],
          max_tokens: 8,
          stream: true,
          stream_options: { include_usage: true },
        },
      },
    ])
  })

  it('is timed from the question to the first and the last text', async () => {
    const role = sse({ choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] })
    const { sample } = await sampleOf({
      pieces: [
        role,
        content('Hel'),
        content('lo'),
        stop,
        sse({ choices: [], ...usage(7, 9) }),
        done,
      ],
    })
    expect(sample).toEqual({ ok: true, firstContentMs: 1, totalMs: 2, tokens: 9 })
  })

  it('counts its chunks where the runtime counts nothing', async () => {
    const { sample } = await sampleOf({
      pieces: [content('a'), 'data: nonsense\n\n', content('b')],
    })
    expect(sample).toMatchObject({ ok: true, tokens: 2 })
  })

  it.each<[string, Reply]>([
    ['status 503', { status: 503, pieces: ['{}'] }],
    ['no text', { pieces: [done] }],
    ['no text', { pieces: [sse({ error: { message: 'no memory' } })], end: 'hang' }],
  ])('fails: %s', async (reason, reply) => {
    expect((await sampleOf(reply)).sample).toEqual({ ok: false, reason })
  })

  it('is cut off with the time', async () => {
    const { sample } = await sampleOf(
      { pieces: [content('a')], end: 'hang' },
      AbortSignal.timeout(100),
    )
    expect(sample).toEqual({ ok: false, reason: 'cut off' })
  })
})
