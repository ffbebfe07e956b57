// The command before the engine that the project ships.
import { expect, it } from 'vitest'
import { bench } from '../../../../apps/host/bench.ts'
import { writeHostConfig } from '../support/host-config-file.ts'
import { startShippedEngine } from '../support/shipped-engine.ts'

async function openHost(...urls: string[]) {
  const { configPath } = await writeHostConfig({
    owner_limits: { max_concurrency: 4, paid_enabled: true },
    runtimes: urls.map((url, at) => ({ id: `rt${at + 1}`, url })),
  })
  return configPath
}

it('measures an engine, tells of its progress, and says that it is no evidence', async () => {
  const engine = await startShippedEngine(['--slots', '1'])
  const configPath = await openHost(engine.url)
  const told: string[] = []
  const progress = (line: string) => void told.push(line)
  const bounds = { tokensMax: 8, measureMs: 5_000 }
  const printed = await bench({ configPath, json: true, model: undefined, progress, bounds })
  const { note, runtimes } = JSON.parse(printed.text)
  expect(printed.exitCode).toBe(0)
  expect(note).toContain('The operator believes only what it measures itself')
  expect(runtimes).toMatchObject([{ runtime_id: 'rt1', model: 'demo' }])
  const [first] = runtimes[0].levels
  expect(first).toMatchObject({ concurrency: 1, failed: 0 })
  expect(first.requests).toBeGreaterThan(0)
  expect(first.first_content_ms_p50).toBeGreaterThan(0)
  expect(first.tokens_per_second_p50).toBeGreaterThan(0)
  expect(told[0]).toBe('rt1: loading demo')
  expect(told[1]).toMatch(/^rt1: 1 at once: [\d.]+ tokens\/s$/)
})

it('tells of a runtime that does not answer, and ends with 1', async () => {
  const configPath = await openHost('http://127.0.0.1:1')
  const options = { configPath, json: false, model: undefined, progress: () => undefined }
  const { text, exitCode } = await bench(options)
  expect(text).toContain('rt1\nIt does not answer: start it or correct its address.')
  expect(exitCode).toBe(1)
})

it('measures nothing for a model that is nowhere', async () => {
  const configPath = await openHost('http://127.0.0.1:1')
  const options = { configPath, json: false, model: 'other', progress: () => undefined }
  await expect(bench(options)).rejects.toThrow(/^No runtime has the model other/)
})
