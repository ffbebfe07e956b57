/**
 * What a spot check asks, worded so that it could be any customer's: everyday questions from
 * templates, filled in anew each time, with the fields that ordinary requests carry. A host that could
 * tell a check from a customer could answer the one well and the other cheaply.
 */
import type { CatalogueModel } from '../protocol/catalogue.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import type { RuntimeKind } from '../protocol/claim.ts'
import type { Random } from '../protocol/clock.ts'
import { topTokens } from './compare.ts'
import type { PromptMessage } from './reference.ts'

const names = [
  ...['Amara', 'Bea', 'Chidi', 'Dana', 'Elif', 'Farid', 'Greta', 'Hiro', 'Ines', 'Jonas', 'Kavya'],
  ...[
    'Luca',
    'Mira',
    'Noor',
    'Olga',
    'Pavel',
    'Rosa',
    'Sami',
    'Tariq',
    'Uma',
    'Vera',
    'Wei',
    'Zoe',
  ],
]
const cities = [
  ...['Accra', 'Bergen', 'Cusco', 'Dakar', 'Essen', 'Fukuoka', 'Ghent', 'Hanoi', 'Izmir', 'Jaipur'],
  ...['Krakow', 'Lagos', 'Malmo', 'Nantes', 'Oaxaca', 'Porto', 'Quito', 'Riga', 'Split', 'Turin'],
]
const things = [
  ...['kettle', 'backpack', 'desk lamp', 'router', 'winter coat', 'bicycle', 'keyboard', 'tent'],
  ...[
    'coffee grinder',
    'monitor',
    'guitar',
    'bookshelf',
    'drill',
    'camera',
    'office chair',
    'stove',
  ],
]
const topics = [
  ...['compound interest', 'photosynthesis', 'a hash table', 'the water cycle', 'inflation'],
  ...['plate tectonics', 'DNS', 'a mortgage', 'vaccines', 'recursion', 'supply and demand'],
  ...['tides', 'public-key encryption', 'soil erosion', 'binary search', 'the immune system'],
]
const tones = ['friendly', 'formal', 'short', 'cheerful', 'apologetic', 'plain', 'confident']

type Draw = {
  readonly of: (items: readonly string[]) => string
  readonly number: (min: number, max: number) => number
}
type Template = (draw: Draw) => string

const questions: readonly Template[] = [
  ({ of, number }) =>
    `Write a ${of(tones)} reply to ${of(names)}, whose order ${number(10_000, 999_999)} of a ${of(things)} is ${number(2, 19)} days late.`,
  ({ of, number }) =>
    `Explain ${of(topics)} to a ${number(8, 70)} year old in ${number(2, 6)} sentences. Use ${of(names)} from ${of(cities)} as the example.`,
  ({ of, number }) =>
    `Plan ${number(2, 5)} days in ${of(cities)} for ${number(2, 9)} people with a budget of ${number(200, 9_000)} euros.`,
  ({ of, number }) =>
    `${of(names)} drives ${number(40, 990)} km from ${of(cities)} to ${of(cities)} in ${number(2, 14)} hours. What is the average speed?`,
  ({ of, number }) =>
    `Draft a ${of(tones)} email from ${of(names)} to ${of(names)} about moving meeting ${number(100, 9_999)} to room ${number(1, 480)}.`,
  ({ of, number }) =>
    `Give me ${number(3, 12)} ${of(tones)} names for a shop in ${of(cities)} that sells a ${of(things)} for ${number(9, 990)} dollars.`,
  ({ of, number }) =>
    `Summarize this ticket in one line: ${of(names)} (${of(cities)}, customer ${number(1_000, 99_999)}) says the ${of(things)} stopped working after ${number(2, 60)} weeks.`,
  ({ of, number }) =>
    `What should ${of(names)} check before buying a used ${of(things)} in ${of(cities)} for ${number(15, 1_900)} euros?`,
  ({ of, number }) =>
    `Write a function that takes ${number(2, 6)} numbers and explain how it relates to ${of(topics)}. Call it f${number(10, 9_999)}.`,
  ({ of, number }) =>
    `Translate into Spanish: "${of(names)} left the ${of(things)} in room ${number(100, 999)} in ${of(cities)}."`,
]

const systems: readonly Template[] = [
  () => 'You are a helpful assistant.',
  ({ of }) => `You are a ${of(tones)} assistant for a shop in ${of(cities)}.`,
  ({ number }) => `Answer in at most ${number(20, 200)} words.`,
]

/** One in three begins with a system message, as customers' conversations do. */
export function freshPrompt(random: Random): readonly PromptMessage[] {
  const draw = drawWith(random)
  const question = { role: 'user', content: pick(random, questions)(draw) } as const
  if (random() >= 1 / 3) return [question]
  return [{ role: 'system', content: pick(random, systems)(draw) }, question]
}

type Temper = { readonly temperature?: number; readonly top_p?: number }
/** Many customers leave both as they are. */
const tempers: readonly Temper[] = [
  {},
  {},
  { temperature: 0 },
  { temperature: 0.2 },
  { temperature: 0.5, top_p: 0.9 },
  { temperature: 0.7 },
  { temperature: 0.7, top_p: 0.95 },
  { temperature: 1 },
]
const maxTokens = [16, 32, 48, 64, 100, 128] as const

/** The prompt as a customer's request, always with what the check reads. */
export function ordinaryRequest(
  model: Pick<CatalogueModel, 'id' | 'max_output_tokens'>,
  messages: readonly PromptMessage[],
  kind: RuntimeKind,
  random: Random,
): ChatRequest {
  // These scale what they show by the temperature: only at 1 is it the model's own.
  const showsScaled = kind === 'sglang'
  return {
    model: model.id,
    messages: [...messages],
    ...(showsScaled ? { temperature: 1 } : pick(random, tempers)),
    ...(random() < 0.25 ? { seed: Math.floor(random() * 2 ** 31) } : {}),
    max_tokens: Math.min(pick(random, maxTokens), model.max_output_tokens),
    stream: random() < 0.5,
    logprobs: true,
    top_logprobs: topTokens,
  }
}

const drawWith = (random: Random): Draw => ({
  of: (items) => pick(random, items),
  number: (min, max) => min + Math.floor(random() * (max - min + 1)),
})

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new RangeError('nothing to pick from')
  return item
}
