/**
 * The ways in which a host fails its customer, each played by a real host on a real port. The first
 * host of a request plays one of them; those after it are sound, and every host says words of its own.
 */
import { setTimeout as delay } from 'node:timers/promises'
import {
  answers,
  busy,
  drip,
  type Frame,
  finishes,
  neverAnswers,
  refuses,
  rejects,
  type Script,
  says,
  unsignedBusy,
  usageOf,
} from '../support/host-answers.ts'

/** `tenth`: every wait is a tenth of what it is. `short_deadline`: that of the request is 2 s. */
export type Pace = 'usual' | 'tenth' | 'short_deadline'

export type Failure = {
  readonly script: Script
  /** Where the first host is dialled, if not at its own port. */
  readonly routeUrl?: string
  readonly pace?: Pace
}

const wordOf = (host: number): string => ['first ', 'second ', 'third '][host - 1] ?? ''
const timesSaid = 8
/** What a host says when nothing fails, and in as many pieces as words. */
export const answerOf = (host: number): string => wordOf(host).repeat(timesSaid)
export const answerTwiceOf = (host: number): string => wordOf(host).repeat(2 * timesSaid)
/** Whether these words are the host's, as far as they go. */
export const isSaidBy = (host: number, text: string): boolean =>
  text !== '' && text.replaceAll(wordOf(host), '') === ''

const promptTokens = 7
/** One below our count, so that the two can be told apart on a receipt. */
const honestTokens = (text: string): number => Math.ceil(text.length / 4) - 1

const usage = (completionTokens: number): Frame => ({
  choices: [],
  usage: usageOf(promptTokens, completionTokens),
})
const words = (host: number, times = timesSaid): Frame[] =>
  Array.from({ length: times }, () => says(wordOf(host)))
const wholeAnswer = (host: number): Frame[] => [
  ...words(host),
  finishes(),
  usage(honestTokens(answerOf(host))),
]
const sendsTwice = (frames: readonly Frame[]): Frame[] => frames.flatMap((frame) => [frame, frame])

/** As the host at this place says it when nothing fails. */
export const isSound = (host: number): Script => answers({ frames: wholeAnswer(host) })

const asAnotherModel = (frame: Frame): Frame =>
  typeof frame === 'string' ? frame : { ...frame, model: 'someone/else' }

/** A role and no word: alive, and nothing to show for it. */
const onlyRole: Frame = { choices: [{ index: 0, delta: { role: 'assistant' } }] }
const part = words(1, timesSaid / 2)

const resetsInItsHeaders: Script = async ({ response: { socket } }) => {
  socket?.write('HTTP/1.1 200 OK\r\ncontent-ty', () => socket.resetAndDestroy())
}

async function* slowFrames(): AsyncGenerator<Frame> {
  yield onlyRole
  await delay(1_500)
  yield* wholeAnswer(1)
}
// Frames in time are told once: each dispatch needs its own.
const isSlow: Script = (turn) => answers({ frames: slowFrames() })(turn)
const drips: Script = (turn) => answers({ frames: drip(says(wordOf(1)), 100) })(turn)

/** Said of a host: *a host that …* */
export const failures = {
  // Nobody listens at the first port.
  'refuses the connection': { script: neverAnswers, routeUrl: 'http://127.0.0.1:1' },
  'resets the connection': { script: resetsInItsHeaders },
  'is busy and signs it': { script: busy },
  'says 429 unsigned': { script: unsignedBusy },
  'rejects the request and signs it': { script: rejects },
  'answers 500': { script: refuses(500) },
  'gives no proof': { script: answers({ frames: wholeAnswer(1), proof: 'none' }) },
  'answers 200 with nothing': { script: answers({ claim: 'none', end: 'without_done' }) },
  'sends malformed JSON': {
    script: answers({ frames: Array.from({ length: 9 }, () => 'data: {"choices":\n\n') }),
  },
  'sends no headers': { script: neverAnswers, pace: 'tenth' },
  'sends no content': { script: answers({ frames: [onlyRole], end: 'silence' }), pace: 'tenth' },
  'falls silent in its answer': {
    script: answers({ frames: part, end: 'silence' }),
    pace: 'tenth',
  },
  'is cut in its answer': { script: answers({ frames: part, end: 'cut' }) },
  'drips until the deadline': { script: drips, pace: 'short_deadline' },
  'is slow to begin, in time': { script: isSlow, pace: 'tenth' },
  'sends every frame twice': {
    script: answers({
      frames: sendsTwice([
        ...words(1),
        finishes(),
        usage(honestTokens(answerTwiceOf(1))),
        'data: [DONE]\n\n',
      ]),
    }),
  },
  'claims too many tokens': { script: answers({ frames: [...words(1), finishes(), usage(500)] }) },
  'reports no usage': { script: answers({ frames: [...words(1), finishes()] }) },
  'answers as another model': {
    script: answers({
      frames: wholeAnswer(1).map(asAnotherModel),
      claim: { artifact_digest: `sha256:${'f'.repeat(64)}` },
    }),
  },
} as const satisfies Readonly<Record<string, Failure>>

export type FailureName = keyof typeof failures
