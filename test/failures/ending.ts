/** What a run came to, in the words of the table that is expected and of the page that is published. */
import type { StoredReceipt } from '../../src/protocol/receipt.ts'
import { seenIn } from '../../src/reputation/events-of.ts'
import { answerOf, answerTwiceOf, isSaidBy } from './failing-hosts.ts'
import type { CellRun, Reply } from './run-cell.ts'

export type Ending = {
  /** Status and what came with it, in order. */
  readonly client: string
  /** `X-B3IQ-Retries`; null where the headers went out before a host was found, or with an error. */
  readonly retries: string | null
  readonly pays: 'nothing' | "the host's claim" | 'our count'
  readonly earns: 'nobody' | 'this host' | 'the next host'
  /** In the words of the receipt. */
  readonly attempts: readonly string[]
  /** Whether the breaker of the host that failed counted it. */
  readonly breaker: 'counts' | 'does not count'
  /** What its reputation is told of it. */
  readonly reputation: readonly string[]
}

export function endingOf({ reply, decisions, hosts }: CellRun): Ending {
  const receipt = decisions[0]?.receipt
  const seen = seenIn({ decisions, ownNodes: new Set() }).get(hosts[0]?.nodeId ?? '')
  return {
    client: clientWords(reply),
    retries: reply.headers.get('x-b3iq-retries'),
    pays: paysWords(receipt),
    earns: earnsWords(receipt, hosts),
    attempts: receipt?.private.attempts.map(({ outcome }) => outcome) ?? [],
    breaker: hosts[0]?.failuresCounted === 1 ? 'counts' : 'does not count',
    reputation: seen?.events.map(({ reason }) => reason) ?? [],
  }
}

function clientWords(reply: Reply): string {
  const { status, error, text, isDone, finishReason } = reply
  if (status !== 200) return `${status} ${error?.code}`
  // Headers that went out before there was a host tell nothing of one.
  const isPinged = reply.headers.get('x-b3iq-retries') === null
  return [
    '200',
    ...(isPinged ? ['pings'] : []),
    ...(text === '' ? [] : [textWords(reply)]),
    ...(error ? [`error chunk ${error.status} ${error.code}`] : []),
    ...(finishReason === 'length' ? ['length'] : []),
    ...(isDone && isStream(reply) ? ['[DONE]'] : []),
  ].join(', ')
}

const isStream = ({ headers }: Reply): boolean =>
  headers.get('content-type')?.startsWith('text/event-stream') ?? false

function textWords({ text, finishReason }: Reply): string {
  if (finishReason !== 'stop' && isSaidBy(1, text)) return 'part of the answer'
  if (text === answerOf(1)) return 'the answer'
  if (text === answerTwiceOf(1)) return 'each word twice'
  return text === answerOf(2) ? "the next host's answer" : `foreign words: ${text}`
}

function paysWords(receipt: StoredReceipt | undefined): Ending['pays'] {
  const usage = receipt?.body.served?.usage
  if (usage === undefined || receipt?.body.charge.charge_usd === '0') return 'nothing'
  return usage.billed.completion === usage.counted.completion ? 'our count' : "the host's claim"
}

function earnsWords(receipt: StoredReceipt | undefined, hosts: CellRun['hosts']): Ending['earns'] {
  if (!receipt || receipt.body.charge.host_share_usd === '0') return 'nobody'
  const served = receipt.private.attempts.find(({ outcome }) => outcome === 'served')
  return served?.node_id === hosts[0]?.nodeId ? 'this host' : 'the next host'
}
