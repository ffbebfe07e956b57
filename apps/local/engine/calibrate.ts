// Measures the demo model for its catalogue entry: bytes per prompt token and per completion
// token over varied conversations, with speed and memory. Prints a table, then one line of JSON:
// `node apps/local/engine/calibrate.ts [--model FILE | --scripted]`.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { calibrationConversations } from './calibration-prompts.ts'
import { type ChatMessage, renderChat } from './chat-template.ts'
import { collectCompletion, runCompletion } from './completion-run.ts'
import type { Engine } from './engine.ts'
import { type OpenedEngine, openLlamaEngine } from './llama-engine.ts'
import { makeCounters } from './metrics.ts'
import { openScriptedEngine } from './scripted-engine.ts'
import { writeDemoModel } from './write-model.ts'

/** What a gateway adds for each message when it counts a prompt in bytes. */
const bytesPerMessage = 16
/** Shorter texts say little about a ratio. */
const tokensMin = 16
const completionTokens = [16, 48, 128, 384]
const temperatures = [0, 0.8, 1.3]

type Sample = { readonly bytes: number; readonly tokens: number }

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8')

const promptBytes = (messages: readonly ChatMessage[]): number =>
  messages.reduce((sum, { text }) => sum + bytesOf(text) + bytesPerMessage, 0)

const cycle = (items: readonly number[], index: number): number => items[index % items.length] ?? 0

const measure = async (engine: Engine) => {
  const counters = makeCounters()
  const prompts: Sample[] = []
  const completions: Sample[] = []
  for (const [index, messages] of calibrationConversations.entries()) {
    const prompt = engine.prompt(renderChat(messages))
    const events = runCompletion({
      prompt,
      slot: 0,
      job: {
        promptText: '',
        sampling: { temperature: cycle(temperatures, index), topP: 0.95, seed: index },
        tokensMax: cycle(completionTokens, Math.floor(index / 4)),
        stop: [],
        stream: false,
        includeUsage: false,
      },
      contextTokens: engine.facts.contextTokens,
      tokenDelayMs: 0,
      counters,
      signal: new AbortController().signal,
    })
    const { text, end } = await collectCompletion(events)
    prompts.push({ bytes: promptBytes(messages), tokens: prompt.tokens })
    completions.push({ bytes: bytesOf(text), tokens: end.usage.completion_tokens })
  }
  return { counters, prompts, completions }
}

/** `mean` weighs every token alike; `min` and `max` are those of single requests. */
const bandOf = (samples: readonly Sample[]) => {
  const counted = samples.filter(({ tokens }) => tokens >= tokensMin)
  const ratios = counted.map(({ bytes, tokens }) => bytes / tokens)
  const sum = (pick: (sample: Sample) => number) =>
    counted.reduce((total, sample) => total + pick(sample), 0)
  return {
    requests: counted.length,
    mean: sum(({ bytes }) => bytes) / sum(({ tokens }) => tokens),
    min: Math.min(...ratios),
    max: Math.max(...ratios),
  }
}

const report = async (engine: Engine) => {
  const { counters, prompts, completions } = await measure(engine)
  const prompt = bandOf(prompts)
  const completion = bandOf(completions)
  const speed = {
    promptTokensPerSecond: Math.round((counters.promptTokens * 1000) / counters.promptMs),
    completionTokensPerSecond: Math.round((counters.predictedTokens * 1000) / counters.predictedMs),
    residentMebibytes: Math.round(process.memoryUsage.rss() / 2 ** 20),
  }
  const rounded = ({ requests, mean, min, max }: ReturnType<typeof bandOf>) => ({
    requests,
    mean: Number(mean.toFixed(3)),
    min: Number(min.toFixed(3)),
    max: Number(max.toFixed(3)),
    below: `${((min / mean - 1) * 100).toFixed(1)} %`,
    above: `+${((max / mean - 1) * 100).toFixed(1)} %`,
  })
  console.table({
    'bytes per prompt token': rounded(prompt),
    'bytes per completion token': rounded(completion),
  })
  console.table(speed)
  const { kind, buildInfo } = engine.facts
  console.log(JSON.stringify({ engine: kind, buildInfo, prompt, completion, ...speed }))
}

const withModel = async (
  path: string | undefined,
  use: (modelPath: string) => Promise<OpenedEngine>,
): Promise<OpenedEngine> => {
  if (path !== undefined) return use(path)
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-model-'))
  try {
    const modelPath = join(folder, 'demo.gguf')
    await writeDemoModel(modelPath)
    return await use(modelPath)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const openEngine = async (): Promise<OpenedEngine> => {
  const { values } = parseArgs({
    options: { model: { type: 'string' }, scripted: { type: 'boolean' } },
  })
  if (values.scripted) return { ok: true, engine: openScriptedEngine() }
  return withModel(values.model, (modelPath) => openLlamaEngine({ modelPath, slots: 1 }))
}

try {
  const opened = await openEngine()
  if (!opened.ok) throw new Error(opened.message)
  await report(opened.engine)
  await opened.engine.dispose()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
