/**
 * How each failure has to end, by the contract. Until something of its answer was shown a host that fails
 * is replaced, unseen and free of charge; from then on its answer is the answer, and what was delivered is
 * paid for.
 */
import type { Ending } from './ending.ts'
import type { FailureName } from './failing-hosts.ts'

export type Endings = { readonly streamed: Ending; readonly whole: Ending }
export type Expected = {
  /** No other host is left. */
  readonly alone: Endings
  /** One sound host is left, or two. */
  readonly withOthers: Endings
}

/** What the client reads of a stream, and of one whole object. */
type Client = { readonly streamed: string; readonly whole: string }
type Rest = Omit<Ending, 'client' | 'retries'>

/** A stream that was pinged before it had a host, and a refusal, have no such header. */
const endings = ({ streamed, whole }: Client, retries: string, rest: Rest): Endings => {
  const ending = (client: string): Ending => {
    const tells = client.startsWith('200') && !client.includes('pings')
    return { client, retries: tells ? retries : null, ...rest }
  }
  return { streamed: ending(streamed), whole: ending(whole) }
}

type Breaker = Ending['breaker']

/** Nobody saw anything of it. `pings`: it took so long that the stream's headers had to go. */
function replaced(
  attempt: string,
  error: string,
  of: {
    readonly breaker?: Breaker
    /** Where it differs with nobody left to show that the request could be served. */
    readonly breakerAlone?: Breaker
    readonly reputation?: readonly string[]
    readonly pings?: boolean
  } = {},
): Expected {
  const { breaker = 'counts', breakerAlone = breaker, reputation = [attempt], pings = false } = of
  const begun = pings ? '200, pings' : '200'
  const failed = { streamed: pings ? `${begun}, error chunk ${error}` : error, whole: error }
  const taken = {
    streamed: `${begun}, the next host's answer, [DONE]`,
    whole: "200, the next host's answer",
  }
  const nothing = { pays: 'nothing', earns: 'nobody', attempts: [attempt] } as const
  const next = { pays: "the host's claim", earns: 'the next host' } as const
  return {
    alone: endings(failed, '0', { ...nothing, breaker: breakerAlone, reputation }),
    withOthers: endings(taken, '1', {
      ...next,
      attempts: [attempt, 'served'],
      breaker,
      reputation,
    }),
  }
}

/** Its answer is the answer, whoever else is there. */
function kept(
  client: Client,
  pays: Ending['pays'],
  reputation: readonly string[],
  breaker: Breaker = 'does not count',
): Expected {
  const rest = { pays, earns: 'this host', attempts: ['served'], breaker, reputation } as const
  const same = endings(client, '0', rest)
  return { alone: same, withOthers: same }
}

/**
 * It broke off after content. A stream has shown that, and ends with it; of an answer that is given as a
 * whole nobody has seen anything, so it is as if there had been no content.
 */
function brokenOff(attempt: string, error: string): Expected {
  const shown = kept(brokenBy(error), 'our count', ['broke_off'], 'counts')
  const unseen = replaced(attempt, error)
  return {
    alone: { streamed: shown.alone.streamed, whole: unseen.alone.whole },
    withOthers: { streamed: shown.withOthers.streamed, whole: unseen.withOthers.whole },
  }
}

const answered = { streamed: '200, the answer, [DONE]', whole: '200, the answer' }
const brokenBy = (error: string): Client => ({
  streamed: `200, part of the answer, error chunk ${error}`,
  whole: error,
})
const honest = ['served', 'claim_agreed']
const failed = '502 upstream_error'
const tooLate = '504 upstream_timeout'

export const expectedEndings: Readonly<Record<FailureName, Expected>> = {
  'refuses the connection': replaced('connect_failed', failed),
  'resets the connection': replaced('connect_failed', failed),
  'is busy and signs it': replaced('busy', '503 capacity_exhausted', {
    breaker: 'does not count',
    reputation: [],
  }),
  'rejects the request and signs it': replaced('rejected', '400 invalid_value', {
    breakerAlone: 'does not count',
    reputation: [],
  }),
  'says 429 unsigned': replaced('refused', failed),
  'answers 500': replaced('refused', failed),
  'gives no proof': replaced('no_proof', failed),
  'answers 200 with nothing': replaced('cut', failed),
  'sends malformed JSON': replaced('host_error', failed),
  'sends no headers': replaced('timed_out', tooLate, { pings: true }),
  'sends no content': replaced('timed_out', tooLate, { pings: true }),
  'falls silent in its answer': brokenOff('timed_out', tooLate),
  'is cut in its answer': brokenOff('cut', failed),
  'drips until the deadline': kept(
    {
      streamed: '200, part of the answer, length, [DONE]',
      whole: '200, part of the answer, length',
    },
    'our count',
    [],
  ),
  'is slow to begin, in time': kept(
    { streamed: '200, pings, the answer, [DONE]', whole: '200, the answer' },
    "the host's claim",
    honest,
  ),
  'sends every frame twice': kept(
    { streamed: '200, each word twice, [DONE]', whole: '200, each word twice' },
    "the host's claim",
    honest,
  ),
  'claims too many tokens': kept(answered, 'our count', ['served', 'inflated_usage']),
  'reports no usage': kept(answered, 'our count', honest),
  'answers as another model': kept(answered, 'our count', ['served', 'claim_missing']),
}
