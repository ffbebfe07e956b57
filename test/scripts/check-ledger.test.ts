// After a restore nobody knows whether the tables fit each other. The check must say so from the
// tables alone, and must leave them as they are.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Item } from '../../src/adapters/dynamodb/client/attribute-values.ts'
import { createTables, localTableNames } from '../../src/adapters/dynamodb/create-tables.ts'
import type { TableNames } from '../../src/tables.ts'
import { aKey } from '../adapters/dynamodb/facts.ts'
import { pinnedNode, root, run } from '../apps/cli/support/run-cli.ts'
import { graceMs, leaseMs, minuteMs } from '../ledger/open-ledger.ts'
import {
  openReconciledLedger,
  type ReconciledLedger,
} from '../ledger/reconcile/open-reconciled-ledger.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { published } from '../support/genuine-receipt.ts'

const checked = ['balances', 'keys', 'receipts'] as const
type Checked = Readonly<Record<(typeof checked)[number], string>>

let folder = ''
let keysFile = ''
let engine: EmbeddedDynamodb
let ledger: ReconciledLedger
let accountId = ''
let early: TableNames
let late: TableNames
let empty: TableNames
let foreign: TableNames
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'b3iq-check-'))
  keysFile = join(folder, 'keys.json')
  await writeFile(keysFile, JSON.stringify(published))
  engine = await startEmbeddedDynamodb()
  ledger = await openReconciledLedger(engine)
  empty = await restore('empty')
  await ledger.customer(5n)
  foreign = await restore('foreign')
  // Books with everything in them: accrued and not yet accrued charges, an open hold, a payout.
  accountId = await ledger.customer(10_000_000n)
  await ledger.keys.createKey(aKey(accountId))
  for (let made = 0; made < 3; made += 1) await ledger.served(accountId)
  ledger.moveClock(leaseMs + graceMs + 6 * minuteMs)
  await ledger.accrue()
  await ledger.take(ledger.reservation(accountId, 100_000n))
  early = await restore('early')
  await ledger.served(accountId)
  late = await restore('late')
})
afterAll(async () => {
  await engine.stop()
  await rm(folder, { recursive: true })
})

/** What point-in-time recovery does: the items of now, in new tables. */
async function restore(name: string): Promise<TableNames> {
  const names = localTableNames(name)
  await createTables(engine.endpoint, names)
  for (const table of checked) {
    for (const Item of await itemsOf(ledger.database.tables[table])) {
      await engine.client.put({ TableName: names[table], Item })
    }
  }
  return names
}

async function itemsOf(table: string): Promise<readonly Item[]> {
  const { Items, LastEvaluatedKey } = await engine.client.scan({
    TableName: table,
    ConsistentRead: true,
  })
  expect(LastEvaluatedKey).toBeUndefined()
  return Items ?? []
}

const command = [pinnedNode, join(root, 'scripts', 'check-ledger.ts')] as const
const check = ({ balances, keys, receipts }: Checked, ...more: string[]) =>
  run([
    ...command,
    ...['--balances', balances, '--keys', keys, '--receipts', receipts],
    ...['--published-keys', keysFile, '--endpoint', engine.endpoint, ...more],
  ])

describe('tables that were restored at one time', () => {
  it('are proven, and nothing is written to them', async () => {
    const before = await Promise.all(checked.map((table) => itemsOf(late[table])))
    const { code, out } = await check(late)
    expect({ code, out }).toEqual({
      code: 0,
      out: '2 accounts and 1 nodes proven, 0 discrepancies.\n',
    })
    expect(await Promise.all(checked.map((table) => itemsOf(late[table])))).toEqual(before)
  })
})

describe('tables that were restored at different times', () => {
  it.each([
    ['balances older than receipts', () => ({ ...late, balances: early.balances })],
    ['receipts older than balances', () => ({ ...late, receipts: early.receipts })],
  ])('%s: the account is named, and the promise that does not hold', async (_, mixed) => {
    const { code, out } = await check(mixed())
    expect(code).toBe(1)
    const [line, sum] = out.trimEnd().split('\n')
    expect(JSON.parse(line ?? '')).toMatchObject({
      accountId,
      invariant: 'S7 spent is the sum of applied charges',
    })
    expect(sum).toBe('2 accounts and 1 nodes proven, 1 discrepancies.')
  })
})

describe('what cannot be checked', () => {
  it.each([
    [
      'balances without an account',
      () => ({ ...late, balances: empty.balances }),
      () => `No account in ${empty.balances}: is it the balances table?\n`,
    ],
    [
      'receipts given as balances',
      () => ({ ...late, balances: late.receipts, receipts: early.receipts }),
      () => `No account in ${late.receipts}: is it the balances table?\n`,
    ],
    [
      'keys without a key',
      () => ({ ...late, keys: empty.keys }),
      () => `No key in ${empty.keys}: is it the keys table?\n`,
    ],
    [
      'balances of another stage',
      () => ({ ...late, balances: foreign.balances }),
      () =>
        `${late.receipts} has a receipt of ${accountId}, which is no account in ${foreign.balances}: are they of one stage?\n`,
    ],
  ])('is %s', async (_, tables, told) => {
    const { code, out, err } = await check(tables())
    expect({ code, out, err: err.replaceAll(/^… .*\n/gm, '') }).toEqual({
      code: 2,
      out: '',
      err: told(),
    })
  })

  it('is one table given for two', async () => {
    const { code, err } = await check({ ...late, balances: late.receipts })
    expect(code).toBe(2)
    expect(err).toMatch(/^--balances must be another table than --keys and --receipts\.\n/)
  })

  it('is a table that is not there', async () => {
    const { code, out, err } = await check({ ...late, balances: 'nowhere' })
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^The books could not be checked: .*\.\n$/)
  })

  it.each([
    [['--balances', 'balances'], /^--keys is missing\.\nusage: /],
    [['--force'], /^Unknown option '--force'.*\nusage: /],
  ])('is %j, which gets the usage', async (args, message) => {
    const { code, err } = await run([...command, ...args])
    expect(code).toBe(2)
    expect(err).toMatch(message)
  })
})
