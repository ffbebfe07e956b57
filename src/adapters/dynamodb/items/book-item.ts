/** An account's book as it is stored, beside its wallet. */
import * as z from 'zod'
import type { Book } from '../../../ledger/journal-ports.ts'
import { Amount } from '../item-fields.ts'

const BookItem = z.strictObject({
  pk: z.string(),
  sk: z.literal('book'),
  accountId: z.string(),
  through: z.string(),
  charges: Amount,
  payable: Amount,
  unpayable: Amount,
  fees: Amount,
  grantsUsed: Amount,
})

export const bookKey = (accountId: string) => ({ pk: accountId, sk: 'book' })

export const toBookItem = (book: Book) => ({ ...bookKey(book.accountId), ...book })

export function fromBookItem(item: Readonly<Record<string, unknown>>): Book {
  const { pk: _, sk: __, ...book } = BookItem.parse(item)
  return book
}
