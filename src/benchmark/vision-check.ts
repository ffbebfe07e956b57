/**
 * Whether a host sees a picture: one colour fills it, and the answer must name that colour of four. The
 * colours, their order and their shade are drawn anew, so that no stored answer passes.
 */
import type { Session } from './session.ts'
import { type Colour, solidPng } from './solid-png.ts'

/** As far apart as they can be: no model that sees takes one for another. */
const palette = [
  { name: 'red', colour: [214, 24, 24] },
  { name: 'green', colour: [24, 150, 24] },
  { name: 'blue', colour: [24, 24, 224] },
  { name: 'yellow', colour: [240, 224, 24] },
  { name: 'black', colour: [24, 24, 24] },
  { name: 'white', colour: [240, 240, 240] },
] as const satisfies readonly { readonly name: string; readonly colour: Colour }[]

const offered = 4
/** Pixels a side: large enough for every preprocessor, and a few hundred bytes. */
const side = 96
const shades = 15
const promptTokens = 64
const answerTokens = 64

export async function checkVision(session: Session): Promise<boolean> {
  const { random, limits } = session
  const names = shuffled(palette, random).slice(0, offered)
  const shown = names[Math.floor(random() * names.length)]
  if (!shown) return false
  const choice = names.map(({ name }) => name).join(', ')
  const task = `Which colour fills the picture: ${choice}? Answer with that one word.`
  const request = session.prompt(promptTokens, task)
  const url = `data:image/png;base64,${solidPng(shaded(shown.colour, random), side).toString('base64')}`
  const messages = request.messages.map((message) => ({
    ...message,
    content: [
      { type: 'text' as const, text: String(message.content) },
      { type: 'image_url' as const, image_url: { url } },
    ],
  }))
  const maxTokens = Math.min(answerTokens, limits.outputTokensMax)
  const outcome = await session.ask({ ...request, messages }, { maxTokens })
  if (outcome.kind !== 'answered') return false
  const said = names.filter(({ name }) => new RegExp(`\\b${name}\\b`, 'i').test(outcome.text))
  return said.length === 1 && said[0] === shown
}

const shaded = ([red, green, blue]: Colour, random: Session['random']): Colour => {
  const shade = () => Math.floor(random() * shades)
  return [red + shade(), green + shade(), blue + shade()]
}

function shuffled<T>(items: readonly T[], random: Session['random']): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item)
}
