/**
 * `b3iq verify`: judges a receipt with nothing but the receipt and the published keys. With a file
 * and `--keys` it needs no network, and no word of the gateway that is being checked.
 */
import { parseArgs } from 'node:util'
import { Sha256Hex } from '../../../src/protocol/ids.ts'
import { PublishedKeys } from '../../../src/protocol/published-keys.ts'
import { ReceiptView } from '../../../src/protocol/receipt.ts'
import {
  isVerified,
  type ReceiptCheck,
  verifyReceipt,
} from '../../../src/receipts/verify-receipt.ts'
import { checkedGatewayUrl, fetchKeys, fetchReceipt, type Gateway } from '../gateway.ts'
import { readApiKey, readDocument, readyGatewayUrl } from '../local-files.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import { toJson, toTable } from '../report.ts'

export const verifyUsage = `b3iq verify <receipt hash | file.json>   prove a receipt, or say what is wrong with it
  --gateway URL     ask this gateway (default: the one that "npm start" runs here)
  --keys FILE       take the published keys from a file instead of the gateway
  --key-file FILE   with the API key in this file, also prove the private part
  --salt=SALT       the salt from the answer's final "b3iq" object
  --json            print one JSON object
Exit code: 0 verified, 1 not verified, 2 could not be judged.`

export type Verified = { readonly isVerified: boolean; readonly text: string }

type Options = {
  /** A hash, or else the path of a file. */
  readonly target: string
  readonly gateway?: string | undefined
  readonly keys?: string | undefined
  readonly keyFile?: string | undefined
  readonly salt?: string | undefined
  readonly json: boolean
}

/** `readyFile` is where the laptop stack leaves word of its gateway. */
export async function verify(
  args: readonly string[],
  readyFile: string,
): Promise<Outcome<Verified>> {
  const options = readOptions(args)
  if (!options.ok) return options
  const { keys: keysFile, salt, json } = options.value

  const gateway = await chooseGateway(options.value, readyFile)
  const receipt = await readReceipt(options.value, gateway)
  if (!receipt.ok) return receipt
  if (salt !== undefined && !receipt.value.private) return refuse(saltNeedsPrivatePart)

  const published = keysFile
    ? await readDocument(keysFile, PublishedKeys, 'a list of published keys')
    : await withGateway(gateway, fetchKeys)
  if (!published.ok) return published

  const view = salt === undefined ? receipt.value : { ...receipt.value, salt }
  const checks = [...checkAsked(options.value, view), ...verifyReceipt(view, published.value)]
  const keySource = keysFile ?? (gateway.ok ? gateway.value.url : '')
  const finding = { receipt: view, checks, keySource }
  return ok({ isVerified: isVerified(checks), text: json ? toJson(finding) : toTable(finding) })
}

const saltNeedsPrivatePart =
  'A salt proves the private part, which this view lacks: add --key-file with a key of the account.'

const noGateway =
  'No gateway is known: start one with "npm start", or name one with --gateway URL; for a receipt ' +
  'file, --keys FILE works without.'

async function readReceipt(
  { target, keyFile }: Options,
  gateway: Outcome<Gateway>,
): Promise<Outcome<ReceiptView>> {
  if (!isHash(target)) return readDocument(target, ReceiptView, 'a receipt')
  const receipt = await withGateway(gateway, (one) => fetchReceipt(one, target.toLowerCase()))
  if (keyFile === undefined || !receipt.ok || receipt.value.private) return receipt
  return refuse(
    `The key in ${keyFile} does not open the private part: it is not a key of the payer.`,
  )
}

/** A gateway could answer with another receipt, true in itself. The node's hash names it as well. */
function checkAsked({ target }: Options, { receipt_hash, body }: ReceiptView): ReceiptCheck[] {
  if (!isHash(target)) return []
  const own = [receipt_hash, body.served?.node_receipt_hash].includes(target.toLowerCase())
  return [
    { name: 'asked', outcome: own ? 'passed' : 'failed', detail: 'it is the receipt asked for' },
  ]
}

/** A refusal stays a value: a file with `--keys` is judged without any gateway. */
async function chooseGateway(options: Options, readyFile: string): Promise<Outcome<Gateway>> {
  const { gateway, keyFile } = options
  const named = gateway ?? (await readyGatewayUrl(readyFile))
  if (named === undefined) return refuse(noGateway)
  const url = checkedGatewayUrl(named, keyFile !== undefined)
  if (!url.ok || keyFile === undefined) return url.ok ? ok({ url: url.value }) : url
  const apiKey = await readApiKey(keyFile)
  return apiKey.ok ? ok({ url: url.value, apiKey: apiKey.value }) : apiKey
}

async function withGateway<T>(
  gateway: Outcome<Gateway>,
  ask: (gateway: Gateway) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  return gateway.ok ? ask(gateway.value) : gateway
}

const isHash = (target: string): boolean => Sha256Hex.safeParse(target.toLowerCase()).success

function readOptions(args: readonly string[]): Outcome<Options> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        gateway: { type: 'string' },
        keys: { type: 'string' },
        'key-file': { type: 'string' },
        salt: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const [target, ...rest] = positionals
    if (target === undefined) return refuse('Name one receipt: b3iq verify <hash | file.json>.')
    if (rest.length > 0) return refuse(`Name one receipt at a time: "${rest[0]}" is a second one.`)
    return ok({ ...values, target, keyFile: values['key-file'] })
  } catch (error) {
    return refuse(error instanceof Error ? error.message.replaceAll('\n', ' ') : String(error))
  }
}
