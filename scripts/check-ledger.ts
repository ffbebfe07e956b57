/**
 * Proves the books of three named tables from their own records, such as those of a restore before
 * anything reads them: `npm run check-ledger -- --balances T --keys T --receipts T --published-keys FILE`.
 * It is the hourly audit, run until it has seen everybody, and it writes nothing. Tables in which there is
 * nothing to prove are refused, because names that are typed by hand may be those of others.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { makeAccountStore } from '../src/adapters/dynamodb/account-store.ts'
import { type Database, makeDatabase } from '../src/adapters/dynamodb/client.ts'
import { makeJournalStore } from '../src/adapters/dynamodb/journal-store.ts'
import { makeKeyStore } from '../src/adapters/dynamodb/key-store.ts'
import { makeReconcileStore } from '../src/adapters/dynamodb/reconcile-store.ts'
import { makeSweepStore } from '../src/adapters/dynamodb/sweep-store.ts'
import { firstIdAt, nowMs, timeOfId } from '../src/adapters/system.ts'
import type { ProveDeps } from '../src/ledger/reconcile/deps.ts'
import type { DiscrepancyOf } from '../src/ledger/reconcile/ports.ts'
import { PublishedKeys } from '../src/protocol/published-keys.ts'
import { verifyReceipt } from '../src/receipts/verify-receipt.ts'
import { type ReconcileLedgerReport, reconcileLedger } from '../src/schedules/reconcile-ledger.ts'

const usage = `usage: npm run check-ledger -- --balances TABLE --keys TABLE --receipts TABLE --published-keys FILE [--endpoint URL]
  --published-keys  what the gateway answers at /.well-known/b3iq/keys.json
  --endpoint        another DynamoDB than that of the AWS account
Exit code: 0 the books hold, 1 they do not, 2 they could not be checked to the end.`

const tableName = z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/, 'must be the name of a table')

const Options = z
  .object({
    balances: tableName,
    keys: tableName,
    receipts: tableName,
    'published-keys': z.string().min(1),
    endpoint: z.url('must be an address such as http://127.0.0.1:8000').optional(),
  })
  .refine(({ balances, keys, receipts }) => new Set([balances, keys, receipts]).size === 3, {
    path: ['balances'],
    message: 'must be another table than --keys and --receipts',
  })
type Options = z.infer<typeof Options>

/** A day: hundreds of millions of receipts. What is not through by then is told as not checked. */
const runMs = 24 * 60 * 60_000

/** Whole numbers above any count of records: a check is not shared out over runs. */
const unbounded = Number.MAX_SAFE_INTEGER

type Outcome = { readonly code: 0 | 1 | 2; readonly lines: readonly string[] }

const notChecked = (...lines: string[]): Outcome => ({ code: 2, lines })

async function main(args: readonly string[]): Promise<Outcome> {
  const options = readOptions(args)
  if (typeof options === 'string') return notChecked(options)
  const published = await readPublishedKeys(options['published-keys'])
  if (typeof published === 'string') return notChecked(published)
  try {
    return await check(options, published)
  } catch (error) {
    return notChecked(`The books could not be checked: ${messageOf(error)}.`)
  }
}

async function check(options: Options, published: PublishedKeys): Promise<Outcome> {
  const { endpoint, balances, keys, receipts } = options
  // No proof reads the other two; a name that no table can have would show it.
  const tables = { balances, keys, receipts, profiles: '-', spend: '-' }
  const database = makeDatabase({ tables, endpoint })
  const accounts = makeAccountStore(database)
  const charged = (await anyItem(database, receipts))?.pk
  let isChargedListed = charged === undefined
  if ((await anyItem(database, keys)) === undefined) {
    return notChecked(`No key in ${keys}: is it the keys table?`)
  }
  const found: DiscrepancyOf[] = []
  const unread: string[] = []
  const report = await reconcileLedger({
    nowMs,
    timeOfId,
    firstIdAt,
    store: makeReconcileStore(database),
    places: placesInMemory(),
    accounts: {
      listAccounts: async (page) => {
        const listed = await accounts.listAccounts(page)
        isChargedListed ||= listed.items.some(({ accountId }) => accountId === charged)
        return listed
      },
    },
    journal: makeJournalStore(database),
    keys: makeKeyStore(database),
    sweepStore: makeSweepStore(database),
    verify: (receipt) => verifyReceipt({ object: 'receipt', ...receipt }, published),
    metrics: { publish: () => undefined },
    onDiscrepancy: (discrepancy) => found.push(discrepancy),
    onFailure: ({ subject, error }) => unread.push(`${subject}: ${messageOf(error)}`),
    pageSize: 200,
    bounds: { recordsPerRun: unbounded, recordsPerVisit: unbounded, runMs },
  })
  if (report.stopped !== 'clock' && found.length + unread.length === 0) {
    if (report.accounts === 0) {
      return notChecked(`No account in ${balances}: is it the balances table?`)
    }
    if (!isChargedListed) {
      return notChecked(
        `${receipts} has a receipt of ${charged}, which is no account in ${balances}: are they of one stage?`,
      )
    }
  }
  return outcomeOf(report, { found, unread })
}

const ItemKey = z.object({ pk: z.string() })

/** Undefined for a table without items. */
async function anyItem({ client }: Database, TableName: string) {
  const { Items = [] } = await client.scan({ TableName, Limit: 1 })
  return ItemKey.optional().parse(Items[0])
}

/** Progress of the check stays here, so that it needs no right to write and leaves no trace. */
function placesInMemory(): ProveDeps['places'] {
  const places = new Map<string, string>()
  return {
    readPlace: async (name) => places.get(name),
    writePlace: async (name, place) => {
      if (name === 'reconcile-ledger' && place !== undefined) console.error(`… ${place}`)
      if (place === undefined) places.delete(name)
      else places.set(name, place)
    },
  }
}

function outcomeOf(
  report: ReconcileLedgerReport,
  {
    found,
    unread,
  }: { readonly found: readonly DiscrepancyOf[]; readonly unread: readonly string[] },
): Outcome {
  const { accounts, nodes, discrepancies, contended, unfinished, stopped } = report
  const lines = [
    ...found.map((one) => JSON.stringify(one)),
    ...unread.map((one) => `Not checked: ${one}.`),
    `${accounts} accounts and ${nodes} nodes proven, ${discrepancies} discrepancies.`,
  ]
  if (discrepancies > 0) return { code: 1, lines }
  if (stopped === 'clock') {
    return notChecked('The clock here is more than 60 s off the database’s: set it right.')
  }
  const isWhole = stopped === 'done' && unread.length === 0 && contended === 0 && unfinished === 0
  if (isWhole) return { code: 0, lines }
  const open = `${contended} accounts or nodes changed while they were looked at, ${unfinished} were left.`
  return notChecked(...lines, open)
}

function readOptions(args: readonly string[]): Options | string {
  const text = { type: 'string' } as const
  const options = { balances: text, keys: text, receipts: text, 'published-keys': text }
  try {
    const { values } = parseArgs({ args: [...args], options: { ...options, endpoint: text } })
    const parsed = Options.safeParse(values)
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    const option = `${issue?.path.join('.')}`
    const given = option in values ? issue?.message : 'is missing'
    return `--${option} ${given}.\n${usage}`
  } catch (error) {
    return `${messageOf(error)}\n${usage}`
  }
}

async function readPublishedKeys(file: string): Promise<PublishedKeys | string> {
  const told = `${file} does not hold published keys: save what /.well-known/b3iq/keys.json answers.`
  try {
    const parsed = PublishedKeys.safeParse(JSON.parse(await readFile(file, 'utf8')))
    return parsed.success ? parsed.data : told
  } catch {
    return told
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'fault')

const { code, lines } = await main(process.argv.slice(2))
for (const line of lines) (code === 2 ? console.error : console.log)(line)
process.exitCode = code
