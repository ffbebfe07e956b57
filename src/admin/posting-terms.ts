/** What all postings by operators have in common: references, amounts, and an absent ledger. */
import * as z from 'zod'
import { type NanoUsd, parseUsd } from '../money/nano-usd.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'

/**
 * The operator's or the payment's own id of a posting: sent again, it posts nothing more. Without
 * spaces, which the ledger's own references have.
 */
export const Reference = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters')

/** A reference that stands in paths, so it holds nothing that a proxy could read otherwise. */
export const AdjustmentReference = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/, 'must be 1 to 128 letters, digits, "._:@-"')

export const AmountUsd = z.string().max(32)

/** Above zero, or why not. */
export function amountOf(usd: string): Result<NanoUsd> {
  const amount = parseUsd(usd)
  return amount !== undefined && amount > 0n
    ? ok(amount)
    : refuse('invalid_value', {
        param: 'amount_usd',
        message: 'amount_usd must be a decimal string above 0, such as "25.00".',
      })
}

/** In either direction, and not zero. */
export function signedAmountOf(usd: string): Result<NanoUsd> {
  const isTaken = usd.startsWith('-')
  const amount = parseUsd(isTaken ? usd.slice(1) : usd)
  return amount !== undefined && amount > 0n
    ? ok(isTaken ? -amount : amount)
    : refuse('invalid_value', {
        param: 'amount_usd',
        message: 'amount_usd must be a decimal string other than 0, such as "25.00" or "-25.00".',
      })
}

export const referenceReused = () => refuse('reference_reused', { param: 'reference' })

/** Whether it was posted is not known; the reference makes sending it again safe. */
export const postingUnknown = () =>
  refuse('ledger_unavailable', {
    message: 'The ledger did not answer: send the same again.',
    retryAfterSec: 5,
  })
