/** A host that can all that a benchmark checks, or all but what a test takes from it. */
import { setTimeout as delay } from 'node:timers/promises'
import { inflateSync } from 'node:zlib'
import * as z from 'zod'
import type { Capabilities } from '../../src/fleet/node.ts'
import {
  type Answer,
  answers,
  busy,
  counts,
  type Frame,
  finishes,
  type Script,
  says,
} from '../support/host-answers.ts'
import type { ScriptedHost } from '../support/scripted-host.ts'

export type Skills = Omit<Capabilities, 'contextTokens' | 'vision'> & {
  /** `echoes`: it sees nothing, and names every colour that it was asked about. */
  readonly vision: boolean | 'echoes'
  /** Requests at a time; more are refused with a signed `busy`. */
  readonly capacity: number
  readonly msPerToken: number
  /** What its runtime says it counted, over what it did. */
  readonly inflation: number
}

export const everySkill: Skills = {
  streaming: true,
  usage: true,
  stop: true,
  abort: true,
  tools: true,
  jsonSchema: true,
  logprobs: true,
  vision: true,
  capacity: 4,
  msPerToken: 1,
  inflation: 1,
}

/** A text, and the picture beside it. */
const Content = z.union([
  z.string().transform((text) => ({ text, url: undefined })),
  z
    .tuple([z.object({ text: z.string() }), z.object({ image_url: z.object({ url: z.string() }) })])
    .transform(([{ text }, { image_url }]) => ({ text, url: image_url.url })),
])

const Body = z.object({
  max_tokens: z.number(),
  messages: z.array(z.object({ content: Content })).min(1),
  stop: z.array(z.string()).optional(),
  tools: z
    .tuple([
      z.object({
        function: z.object({
          parameters: z.object({
            properties: z.object({ order_id: z.object({ enum: z.array(z.int()) }) }),
          }),
        }),
      }),
    ])
    .optional(),
  logprobs: z.boolean().optional(),
  response_format: z
    .object({
      json_schema: z.object({
        schema: z.object({
          properties: z.object({ reference: z.object({ enum: z.array(z.string()) }) }),
        }),
      }),
    })
    .optional(),
})
type Body = z.infer<typeof Body>

/** Words of four bytes, which is a token of the model that tests sell. */
const word = 'abc '
/** A slot that nobody freed is taken for so long. */
const forgottenMs = 2_000

/** Reads what it is asked from `host`, which plays it. */
export function ableScript(host: ScriptedHost, changes: Partial<Skills> = {}): Script {
  const skills = { ...everySkill, ...changes }
  let taken = 0
  return async (turn) => {
    const body = Body.parse(host.lastDispatch().body)
    if (taken >= skills.capacity) return busy(turn)
    taken += 1
    try {
      await answers({ frames: framesOf(body, skills) } satisfies Answer)(turn)
      if (turn.response.destroyed && !turn.response.writableFinished && !skills.abort) {
        await delay(forgottenMs)
      }
    } finally {
      taken -= 1
    }
  }
}

async function* framesOf(body: Body, skills: Skills): AsyncGenerator<Frame> {
  if (skills.streaming) yield* textFrames(body, skills)
  else yield joined(await Array.fromAsync(textFrames(body, skills)))
  yield finishes(body.stop && skills.stop ? 'stop' : 'length')
  if (skills.usage) yield usageFrame(body, skills.inflation)
}

async function* textFrames(body: Body, skills: Skills): AsyncGenerator<Frame> {
  const { text = '', url } = body.messages[0]?.content ?? {}
  if (url !== undefined && skills.vision) {
    yield says(skills.vision === 'echoes' ? text : `It is ${colourOf(url)}.`)
  } else if (body.response_format && skills.jsonSchema) {
    const [reference] = body.response_format.json_schema.schema.properties.reference.enum
    yield says(JSON.stringify({ reference, ok: true }))
  } else if (body.tools && skills.tools) {
    const [order_id] = body.tools[0].function.parameters.properties.order_id.enum
    yield calls('look_up_order', JSON.stringify({ order_id }))
  } else if (body.stop && skills.stop) {
    yield says('Why')
  } else {
    for (let token = 0; token < body.max_tokens; token += 1) {
      await delay(skills.msPerToken)
      yield body.logprobs && skills.logprobs ? withLogprobs(word) : says(word)
    }
  }
}

function usageFrame({ messages, max_tokens }: Body, inflation: number): Frame {
  const promptBytes = (messages[0]?.content.text.length ?? 0) + 16
  return counts(Math.ceil((promptBytes / 4) * inflation), Math.ceil(max_tokens * inflation))
}

/** By its first pixel: which channels are bright. */
function colourOf(url: string): string {
  const png = Buffer.from(url.slice(url.indexOf(',') + 1), 'base64')
  const at = png.indexOf('IDAT')
  const data = png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4))
  const [, ...pixel] = inflateSync(data).subarray(0, 4)
  const bright = pixel.map((channel) => (channel > 100 ? 1 : 0)).join('')
  const names = { '100': 'red', '010': 'green', '001': 'blue', '110': 'yellow', '000': 'black' }
  return Object.entries(names).find(([key]) => key === bright)?.[1] ?? 'white'
}

/** All of an answer as one frame. */
function joined(frames: readonly Frame[]): Frame {
  const Said = z.object({
    choices: z.tuple([z.looseObject({ delta: z.looseObject({ content: z.string().optional() }) })]),
  })
  const choices = frames.map((frame) => Said.parse(frame).choices[0])
  const text = choices.map(({ delta }) => delta.content ?? '').join('')
  const [first] = choices
  return { choices: [{ ...first, delta: { ...first?.delta, ...(text ? { content: text } : {}) } }] }
}

const calls = (name: string, args: string): Frame => ({
  choices: [
    {
      index: 0,
      delta: { tool_calls: [{ index: 0, id: 'call_1', function: { name, arguments: args } }] },
      finish_reason: null,
    },
  ],
})

const withLogprobs = (text: string): Frame => {
  const top = { token: text, logprob: -0.1, bytes: null }
  const content = [{ ...top, top_logprobs: [top, { ...top, logprob: -2.5 }] }]
  return {
    choices: [{ index: 0, delta: { content: text }, finish_reason: null, logprobs: { content } }],
  }
}
