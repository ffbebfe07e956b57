/**
 * What the receipts' stream delivers, in the form in which Lambda hands it on. A decision is put once
 * and never changed, so an insert is the whole of it.
 */
import * as z from 'zod'
import type { Decision } from '../../ledger/ports.ts'
import { fromReceiptItem } from './items/receipt-item.ts'

/** Far above any batch that is asked for. */
const recordsMax = 10_000

const Attribute = z.union([
  z.object({ S: z.string() }).transform(({ S }) => S),
  z.object({ N: z.string() }).transform(({ N }) => N),
  z.object({ B: z.base64() }).transform(({ B }) => Buffer.from(B, 'base64')),
  // An attribute of another type is none that a decision is read from.
  z.unknown(),
])
const Image = z.record(z.string(), Attribute)

export const StreamEvent = z.object({
  Records: z
    .array(
      z.object({
        eventName: z.enum(['INSERT', 'MODIFY', 'REMOVE']),
        dynamodb: z.object({
          SequenceNumber: z.string().min(1),
          /** Seconds. */
          ApproximateCreationDateTime: z.number(),
          NewImage: z.unknown(),
        }),
      }),
    )
    .max(recordsMax),
})
export type StreamEvent = z.infer<typeof StreamEvent>

/** Throws where the image is no decision as a release wrote one. */
export const decisionOfImage = (image: unknown): Decision => fromReceiptItem(Image.parse(image))
