/** What holds in every run, however its host failed: each a sentence, and what one run has against it. */
import * as z from 'zod'
import { formatUsd, parseUsd } from '../../src/money/nano-usd.ts'
import { sha256Hex } from '../../src/protocol/canonical.ts'
import type { StoredReceipt } from '../../src/protocol/receipt.ts'
import { commitment } from '../../src/receipts/make-receipt.ts'
import { failures, isSaidBy } from './failing-hosts.ts'
import type { CellRun } from './run-cell.ts'

/** Undefined where the run keeps to it. */
type Breach = (run: CellRun) => unknown

/** An error object as the contract promises it to clients. */
const WholeError = z.looseObject({
  message: z.string().min(1),
  type: z.string().min(1),
  param: z.string().nullable(),
  code: z.string().min(1),
  request_id: z.string().min(1),
  retryable: z.boolean(),
  /** Bounded, because the SDKs ignore a longer one. */
  retry_after_seconds: z.int().min(1).max(60).optional(),
  receipt_hash: z.string().optional(),
})

export const invariants: Readonly<Record<string, Breach>> = {
  'When the reply has ended the hold has ended, and what is available and spent add up.': (run) => {
    const { available, held, spent } = run.wallet
    const { charge_usd, host_share_usd, fee_usd } = receiptOf(run).body.charge
    const isWhole = held === 0n && available + spent === parseUsd('10')
    const isSplit = usd(host_share_usd) + usd(fee_usd) === usd(charge_usd)
    if (isWhole && isSplit && formatUsd(spent) === charge_usd) return undefined
    return { ...run.wallet, charge_usd, host_share_usd, fee_usd }
  },

  'There is one receipt, and the reply names it.': (run) => {
    const { summary, error } = run.reply
    const named = summary?.receipt_hash ?? error?.receipt_hash
    return named === receiptOf(run).receipt_hash ? undefined : named
  },

  'Attempts are in the order of the candidates, none twice, and none follows the one that served.':
    (run) => {
      const { attempts } = receiptOf(run).private
      const asked = attempts.map(({ node_id }) => node_id)
      const first = run.hosts.slice(0, attempts.length).map(({ nodeId }) => nodeId)
      const earlier = attempts.slice(0, -1).map(({ outcome }) => outcome)
      if (asked.join() !== first.join() || earlier.includes('served')) return attempts
      const { retries = earlier.length } = run.reply.summary ?? {}
      return retries === earlier.length ? undefined : retries
    },

  'A host is dialled as often as the receipt has an attempt at it.': (run) => {
    const { attempts } = receiptOf(run).private
    const isListening = (index: number) => index > 0 || !('routeUrl' in failures[run.cell.failure])
    const expected = run.hosts.map((_, index) =>
      index < attempts.length && isListening(index) ? 1 : 0,
    )
    const dispatches = run.hosts.map((host) => host.dispatches)
    return dispatches.join() === expected.join() ? undefined : dispatches
  },

  'A client reads the words of one host.': ({ reply: { text } }) =>
    text === '' || [1, 2, 3].some((host) => isSaidBy(host, text)) ? undefined : text,

  'Receipt and claim are for the words that the client read, and for the host that said them.': (
    run,
  ) => {
    const { claim, attempts, output_commitment } = receiptOf(run).private
    const served = attempts.find(({ outcome }) => outcome === 'served')
    if (claim && claim.claim.node_id !== served?.node_id) return 'another host signed'
    const { text, summary } = run.reply
    if (text === '') return undefined
    const textSha256 = sha256Hex(text)
    if (claim && claim.claim.output_sha256 !== textSha256) return 'the claim is for other words'
    const isCommitted = commitment(summary?.salt ?? '', textSha256) === output_commitment
    return isCommitted ? undefined : 'the receipt is for other words'
  },

  'An error is the last thing a client reads: no text after it, and no `[DONE]`.': ({ reply }) => {
    const { error, isDone, finishReason, status } = reply
    if (error === undefined) return isDone ? undefined : 'neither an error nor an end'
    if (isDone) return '[DONE] after an error'
    return status === 200 && finishReason !== 'error' ? finishReason : undefined
  },

  'An error has every field that the contract promises, and `x-should-retry` says the same.': ({
    reply: { error, status, headers },
  }) => {
    if (error === undefined) return undefined
    const read = WholeError.safeParse(error)
    if (!read.success) return read.error.message
    const word = headers.get('x-should-retry')
    return status === 200 || word === String(read.data.retryable) ? undefined : word
  },

  'An error is to be retried where nothing is billed, unless the request itself is at fault.': (
    run,
  ) => {
    const { error } = run.reply
    if (error === undefined) return undefined
    const isFree = receiptOf(run).body.charge.charge_usd === '0'
    const helps = isFree && error.type !== 'invalid_request_error'
    return error.retryable === helps ? undefined : error
  },

  'Breakers count the failure of the host that failed, once, and nothing against the others.': ({
    hosts,
  }) => {
    const [first = 0, ...others] = hosts.map(({ failuresCounted }) => failuresCounted)
    return first > 1 || others.some((count) => count > 0) ? [first, ...others] : undefined
  },
}

function receiptOf({ decisions }: CellRun): StoredReceipt {
  const [decision, ...others] = decisions
  if (decision === undefined || others.length > 0) throw new Error('there is not one receipt')
  return decision.receipt
}

const usd = (text: string): bigint => parseUsd(text) ?? -1n
