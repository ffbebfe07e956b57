/** What verifying found, as a table for people or one JSON object for programs. */
import type { ReceiptView } from '../../src/protocol/receipt.ts'
import { isVerified, type ReceiptCheck } from '../../src/receipts/verify-receipt.ts'
import { printable } from './printable.ts'

export type Finding = {
  readonly receipt: ReceiptView
  readonly checks: readonly ReceiptCheck[]
  /** Where the keys came from: whoever trusts the finding trusts these. */
  readonly keySource: string
}

export function toTable(finding: Finding): string {
  const rows = [{ name: 'check', outcome: 'outcome', detail: 'detail' }, ...finding.checks].map(
    ({ name, outcome, detail }) => `${name.padEnd(11)}${outcome.padEnd(10)}${printable(detail)}`,
  )
  return [...rows, '', printable(summary(finding)), `Keys: ${printable(finding.keySource)}`].join(
    '\n',
  )
}

/** Amounts are decimal USD strings; `billed` is null where nothing was served. */
export function toJson({ receipt, checks, keySource }: Finding): string {
  const { body, receipt_hash } = receipt
  const document = {
    verified: isVerified(checks),
    receipt_hash,
    model: body.model,
    status: body.result.status,
    billed: body.served?.usage.billed ?? null,
    charge: body.charge,
    keys: keySource,
    checks,
  }
  return JSON.stringify(document, undefined, 2)
}

function summary({ receipt: { body }, checks }: Finding): string {
  const failed = checks.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name)
  const verdict =
    failed.length === 0 ? 'Verified' : `NOT verified (${failed.join(', ')}); the receipt states`
  const charge = `charge ${body.charge.charge_usd} USD`
  return `${verdict}: ${body.model ?? 'no model'}, ${body.result.status}, ${billed(body)}, ${charge}.`
}

function billed({ served }: ReceiptView['body']): string {
  if (!served) return 'nothing billed'
  const { prompt, cached_prompt, completion } = served.usage.billed
  return `billed ${prompt} prompt tokens (${cached_prompt} cached) and ${completion} completion tokens`
}
