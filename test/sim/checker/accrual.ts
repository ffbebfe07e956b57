/** S13: each charge accrues once, in order, to the host that served it; the sums are made again here. */
import type { Entry } from '../../../src/ledger/journal.ts'
import type { Decision } from '../../../src/ledger/ports.ts'
import { verify } from '../engine/violation.ts'
import type { CheckerContext } from './context.ts'
import { nanoOf } from './money-text.ts'
import { accountOf } from './record.ts'

/** `about` is the account, the first and the last hold of the range. */
export function noteAccrual(context: CheckerContext, task: string, entry: Entry): void {
  const { seen, count } = context
  const [accountId = '', first = '', last = ''] = entry.about.split(' ')
  const account = accountOf(seen, accountId)
  const start = account.accruedThrough
  verify(first > start, 'S13', () => `"${entry.reference}" begins at ${first}, behind ${start}`)
  const open = [...account.holds.values()].find(({ isOpen, holdId }) => isOpen && holdId <= last)
  verify(open === undefined, 'S13', () => `"${entry.reference}" passes ${open?.holdId}, still open`)
  const decisions = [...account.decisions.values()]
    .filter(({ holdId }) => holdId > start && holdId <= last)
    .sort((one, other) => (one.holdId < other.holdId ? -1 : 1))
  const granted = seen.grantedAtClose.get(`${task} ${accountId}`) ?? 0n
  const due = dueOf(context, decisions, granted - account.grantsUsed)
  checkLegs(entry, due)
  account.accruedThrough = last
  account.grantsUsed += due.grantsUsed
  const isGranted = account.grantsUsed <= account.granted
  verify(isGranted, 'S13', () => `${accountId} used up more grants than it was given`)
  if (due.grantsUsed > 0n) count('accrual: grants used up')
  if (decisions.some(({ charge }) => charge > 0n)) count('accrual: of charges')
}

type Due = {
  charges: bigint
  fees: bigint
  unpayable: bigint
  grantsUsed: bigint
  readonly payable: Map<string, bigint>
}

/** Grants first; what they or the host's own owner paid for earns the host nothing. */
function dueOf({ isOwn }: CheckerContext, decisions: readonly Decision[], grants: bigint): Due {
  const due: Due = { charges: 0n, fees: 0n, unpayable: 0n, grantsUsed: 0n, payable: new Map() }
  for (const { accountId, charge, receipt } of decisions) {
    const left = grants - due.grantsUsed
    const granted = charge < left ? charge : left
    const hostShare = nanoOf(receipt.body.charge.host_share_usd)
    const node = receipt.private.attempts.find(({ outcome }) => outcome === 'served')?.node_id
    const earns = node !== undefined && charge > 0n && !isOwn(accountId, node)
    const share = earns ? (hostShare * (charge - granted)) / charge : 0n
    if (node !== undefined && share > 0n) {
      due.payable.set(node, (due.payable.get(node) ?? 0n) + share)
    }
    due.charges += charge
    due.fees += nanoOf(receipt.body.charge.fee_usd)
    due.unpayable += hostShare - share
    due.grantsUsed += granted
  }
  return due
}

function checkLegs({ reference, legs }: Entry, due: Due): void {
  const given = new Map<string, bigint>()
  for (const { account, amount } of legs) {
    const name = 'owner' in account ? account.owner : account.kind
    given.set(name, (given.get(name) ?? 0n) + amount)
  }
  const wanted: [string, bigint][] = [
    ['undistributed', -due.charges],
    ['fees', due.fees],
    ['unpayable', due.unpayable],
    ...due.payable,
  ]
  for (const [name, amount] of wanted) {
    const got = given.get(name) ?? 0n
    verify(got === amount, 'S13', () => `"${reference}" gives ${name} ${got}, due ${amount}`)
    given.delete(name)
  }
  verify(given.size === 0, 'S13', () => `"${reference}" pays ${[...given.keys()].join(', ')}`)
}
