/**
 * Proves one customer's books from the journal. What is final is folded first, over several visits
 * where there is much of it; then what is still moving, between two reads of the wallet. Sums that
 * differ are told only when a second fold from the beginning finds them again.
 */
import type { Entry } from '../journal.ts'
import type { Wallet } from '../wallet.ts'
import { type ChargeTerms, foldDecisions, judgeBook } from './charges.ts'
import {
  clearProgress,
  type ProveDeps,
  type Proven,
  readProgress,
  readQuietly,
  settledBefore,
  type Visit,
  writeProgress,
} from './deps.ts'
import { foldCustomerEntries, judgeFunded, type RefundedCharges, refundedHolds } from './entries.ts'
import { type Discrepancy, discrepancyOf, type Reading } from './ports.ts'
import { foldTail, judgeSpent, startTail } from './spent.ts'
import { AccountProgress, type CustomerSums, noCharges, noCustomerEntries } from './sums.ts'

export async function proveAccount(
  deps: ProveDeps,
  accountId: string,
  visit: Visit,
): Promise<Proven> {
  const saved = await readProgress(deps, accountId, AccountProgress)
  const pass = await passTwice({ ...deps, ...visit, accountId }, saved)
  if (pass.kind === 'unfinished') {
    const { progress } = pass
    await writeProgress(deps, accountId, { schema: AccountProgress, progress })
    return 'unfinished'
  }
  if (saved) await clearProgress(deps, accountId)
  if (pass.kind === 'stopped') return 'proven'
  for (const one of pass.differences) visit.onDiscrepancy(one)
  return pass.isContended ? 'contended' : 'proven'
}

type At = ProveDeps & Visit & { readonly accountId: string }

type Pass =
  | { readonly kind: 'unfinished'; readonly progress: AccountProgress }
  /** The wallet cannot be read: that was told, and there is nothing to hold sums against. */
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'ended'
      readonly isContended: boolean
      readonly differences: readonly Discrepancy[]
    }

async function passTwice(at: At, saved: AccountProgress | undefined): Promise<Pass> {
  const progress = saved ?? (await begin(at, { isConfirming: false }))
  if (!progress) return { kind: 'stopped' }
  const first = await pass(at, progress)
  const isDoubtful = first.kind === 'ended' && first.differences.length > 0
  if (!isDoubtful || progress.isConfirming) return first
  const again = await begin(at, { isConfirming: true })
  return again ? pass(at, again) : { kind: 'stopped' }
}

/** The book is read before the wallet, so that all of it is final by the wallet's fence. */
async function begin(
  at: At,
  { isConfirming }: { readonly isConfirming: boolean },
): Promise<AccountProgress | undefined> {
  const book = await at.store.readBook(at.accountId)
  if (book?.kind === 'broken' && !isConfirming) at.onDiscrepancy(discrepancyOf(book))
  const wallet = await readWallet(at)
  return (
    wallet && {
      v: 1,
      isConfirming,
      book: book?.kind === 'read' ? book.value : null,
      fence: fenceOf(wallet),
      charges: noCharges,
      entries: noCustomerEntries,
      tail: null,
    }
  )
}

/** No hold before it is open, or can be taken any more. */
function fenceOf({ closedBefore = '', holds }: Wallet): string {
  return [...holds.keys()].reduce((one, other) => (other < one ? other : one), closedBefore)
}

async function pass(visit: At, progress: AccountProgress): Promise<Pass> {
  // The first pass has told what is wrong with single records.
  const at = progress.isConfirming ? { ...visit, onDiscrepancy: () => undefined } : visit
  const final = progress.tail ? done(progress) : await foldFinal(at, progress)
  if (!final.isDone) return { kind: 'unfinished', progress: final.progress }
  const moving = await foldMoving(visit, at, final.progress)
  if (moving.kind !== 'ended') return moving
  const { wallet } = moving
  const { book, charges, entries, tail } = moving.progress
  const accountId = at.accountId
  const of = { kind: 'customer', accountId } as const
  const quiet = await readQuietly(at, { of, after: entries.through }, () => readWallet(visit))
  const differences = [
    ...(tail ? judgeSpent(tail, wallet) : []),
    ...(book ? judgeBook({ ...book, accountId }, charges, wallet) : []),
  ]
  if (!quiet?.at) return { kind: 'ended', isContended: true, differences }
  const { sums } = await foldEntries(at, entries, quiet.entries)
  const funded = judgeFunded(sums, quiet.at)
  return { kind: 'ended', isContended: false, differences: [...differences, ...funded] }
}

type Step = { readonly isDone: boolean; readonly progress: AccountProgress }

const done = (progress: AccountProgress): Step => ({ isDone: true, progress })

/** Decisions before the fence, and entries that are old enough. */
async function foldFinal(at: At, start: AccountProgress): Promise<Step> {
  const { accountId, store, pageSize: limit, budget } = at
  const terms = lazyTerms(at, start)
  let progress = start
  for (let isMore = progress.fence !== ''; isMore; ) {
    const { fence: before, charges } = progress
    const range = { accountId, after: charges.through, before, limit }
    const page = await store.decisionsBetween(range)
    isMore = page.length === limit
    budget.take(page.length)
    progress = { ...progress, charges: await foldPage(at, progress, { page, terms }) }
    if (isMore && budget.isSpent()) return { isDone: false, progress }
  }
  const of = { kind: 'customer', accountId } as const
  for (let isMore = true; isMore; ) {
    const { entries } = progress
    const range = { of, after: entries.through, before: settledBefore(at), limit }
    const page = await store.entriesBetween(range)
    isMore = page.length === limit
    budget.take(page.length)
    progress = { ...progress, entries: (await foldEntries(at, entries, page)).sums }
    if (isMore && budget.isSpent()) return { isDone: false, progress }
  }
  return done(progress)
}

type Moving =
  | Exclude<Pass, { kind: 'ended' }>
  | { readonly kind: 'ended'; readonly progress: AccountProgress; readonly wallet: Wallet }

/** Decisions from the fence on, up to now; after each page the wallet tells which are applied. */
async function foldMoving(visit: At, at: At, start: AccountProgress): Promise<Moving> {
  const { accountId, store, pageSize: limit, budget } = at
  const terms = lazyTerms(at, start)
  let wallet = await readWallet(visit)
  if (!wallet) return { kind: 'stopped' }
  let tail = start.tail ?? startTail(wallet, start.charges.charges)
  let progress = start
  for (;;) {
    const after = progress.charges.through
    const page = await store.decisionsBetween({ accountId, after, before: undefined, limit })
    budget.take(page.length)
    wallet = await readWallet(visit)
    if (!wallet) return { kind: 'stopped' }
    tail = foldTail(tail, page, wallet)
    progress = { ...progress, tail, charges: await foldPage(at, progress, { page, terms }) }
    if (page.length < limit) return { kind: 'ended', progress, wallet }
    if (budget.isSpent()) return { kind: 'unfinished', progress }
  }
}

type Page = Parameters<typeof foldDecisions>[1]

async function foldPage(
  at: At,
  { charges }: AccountProgress,
  { page, terms }: { readonly page: Page; readonly terms: () => Promise<ChargeTerms> },
) {
  if (page.length === 0) return charges
  const folded = foldDecisions(charges, page, await terms())
  for (const one of folded.discrepancies) at.onDiscrepancy(one)
  return folded.sums
}

/** An account without charges is not worth a look at its keys. */
function lazyTerms(at: At, { book }: AccountProgress): () => Promise<ChargeTerms> {
  let terms: Promise<ChargeTerms> | undefined
  const read = async (): Promise<ChargeTerms> => {
    const keys = await at.keys.listKeys(at.accountId)
    const caps = keys.map(({ keyId, spendPerDay, spendPerMonth, spendTightenedAtMs }) => {
      const perKey = { perDay: spendPerDay, perMonth: spendPerMonth }
      return [keyId, { ...perKey, tightenedAtMs: spendTightenedAtMs }] as const
    })
    const { verify, timeOfId } = at
    return { bookedThrough: book?.through ?? '', caps: new Map(caps), verify, timeOfId }
  }
  return () => {
    terms ??= read()
    return terms
  }
}

async function foldEntries(at: At, sums: CustomerSums, page: readonly Reading<Entry>[]) {
  const charges: RefundedCharges = await readCharges(at, refundedHolds(page))
  const folded = foldCustomerEntries(sums, page, { accountId: at.accountId, charges })
  for (const one of folded.discrepancies) at.onDiscrepancy(one)
  return folded
}

async function readCharges({ store, accountId }: At, holdIds: readonly string[]) {
  const charges = new Map<string, bigint | undefined>()
  for (const holdId of holdIds) {
    const decision = await store.readDecision(accountId, holdId)
    // One that cannot be read is told where it stands.
    if (decision?.kind !== 'broken') charges.set(holdId, decision?.value.charge)
  }
  return charges
}

async function readWallet(at: At): Promise<Wallet | undefined> {
  const reading = await at.store.readWallet(at.accountId)
  if (reading?.kind === 'read') return reading.value
  at.onDiscrepancy(
    reading
      ? discrepancyOf(reading)
      : { recordId: null, invariant: 'S2 conservation', detail: 'the account has no wallet' },
  )
  return undefined
}
