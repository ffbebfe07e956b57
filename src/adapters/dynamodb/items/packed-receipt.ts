/**
 * Receipts packed for storage. They are small and alike, so a plain deflate spends most of its bytes on
 * field names; a preset dictionary of them, and random values kept as bytes, save a write unit on
 * every paid request.
 *
 * The first byte names the dictionary, and from the second one on values are lifted out. A dictionary
 * that has packed a receipt must never change: add another one when the shape of receipts has moved
 * on, and pack with that.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { assert } from '../../../protocol/assert.ts'
import { lift, lower, putBack } from './lifted-values.ts'

/** Little memory: a receipt is small, and to clear what the usual settings take costs more than packing it. */
const deflation = { level: 9, windowBits: 12, memLevel: 5 } as const

/** Bounds what a damaged item can unfold to, and what may be packed. */
const jsonBytesMax = 64 * 1024

const tokens = '{"prompt":12,"cached_prompt":0,"completion":64}'

/**
 * A receipt's skeleton in the order in which it is written; what is most common stands last. `mark`
 * stands for a lifted value: hashes count from 1, signatures from 21, keys from 26.
 */
const skeleton = (mark: (code: number) => string): string =>
  [
    '"outcome":"busy"},{"node_id":"n_","outcome":"timed_out","outcome":"connect_failed",',
    '"status":"partial","error":"upstream_error","error":"client_gone","error":"deadline",',
    '"status":"failed","status":"expired","error":"gateway_lost"},"served":null,',
    '"route_tier":"network_beta","trust_tier":"T1","runtime":{"kind":"vllm","kind":"ollama",',
    '{"body":{"v":1,"stage":"prod","model":"","result":{"status":"completed",',
    '"finish_reason":"stop","finish_reason":"length","error":null},"served":{"profile_id":"',
    `@llamacpp","artifact_digest":"sha256:${mark(1)}","route_tier":"portable_local",`,
    `"trust_tier":"T0","gates":31,"benchmark_id":"${mark(2)}","usage":{"claimed":${tokens},`,
    `"counted":${tokens},"billed":${tokens},"count_method":"bytes_ratio","inflated":false},`,
    '"price":{"version":1,"prompt_usd_per_mtok":"0.","cached_prompt_usd_per_mtok":"0.0",',
    '"completion_usd_per_mtok":"0.","host_share_bps":8000},"node_receipt_hash":null},',
    '"charge":{"charge_usd":"0.00000","host_share_usd":"0.00000","fee_usd":"0.00000"},',
    '"minute":"2026-12-T00:00Z","timings":{"first_content_ms":100,"total_ms":1000},',
    `"private_sha256":"${mark(3)}","key_id":"rk_"},"signature":"${mark(21)}",`,
    '"private":{"request_id":"01M","account_id":"acct_01M","key_id":"key_01M",',
    '"hold_usd":"0.00","started_at_ms":1795,"attempts":[{"node_id":"n_","outcome":"served",',
    `"ticket_hash":"${mark(4)}"}],"node_public_key":"${mark(26)}","claim":{"claim":{"v":1,`,
    `"ticket_hash":"${mark(4)}","node_id":"n_","usage":${tokens},"finish_reason":"stop",`,
    `"output_sha256":"${mark(5)}","first_content_ms":100,"total_ms":1000,`,
    '"runtime":{"kind":"llamacpp","version":"b',
    `"artifact_digest":"sha256:${mark(1)}"},"signature":"${mark(22)}"},`,
    `"request_commitment":"${mark(6)}","output_commitment":"${mark(7)}"}}`,
  ].join('')

const dictionaries: Readonly<Record<number, Buffer>> = {
  1: Buffer.from(skeleton(() => '')),
  2: Buffer.from(skeleton((code) => String.fromCharCode(code))),
}
const current = 2

/** Asserts that the JSON has at most 64 KB: what is written but cannot be read holds money for ever. */
export function packReceipt(json: string): Buffer {
  const bytes = Buffer.byteLength(json)
  assert(bytes <= jsonBytesMax, 'a receipt has at most 64 KB', { bytes })
  const dictionary = dictionaries[current]
  assert(dictionary !== undefined, 'the current dictionary exists')
  const { text, values } = lift(json)
  const deflated = deflateRawSync(text, { ...deflation, dictionary })
  return Buffer.concat([Buffer.of(current), values, deflated])
}

export function unpackReceipt(packed: Uint8Array): string {
  const name = packed[0] ?? 0
  const dictionary = dictionaries[name]
  assert(dictionary !== undefined, 'a packed receipt names its dictionary', { is: name })
  const body = Buffer.from(packed.subarray(1))
  const { values, rest } = name === 1 ? { values: noValues, rest: body } : lower(body)
  const options = { dictionary, maxOutputLength: jsonBytesMax }
  return putBack(inflateRawSync(rest, options).toString('utf8'), values)
}

const noValues: ReadonlyMap<string, string> = new Map()
