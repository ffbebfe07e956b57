/** The error object as it stands on the wire. A surface adds the fields that its own codes bring. */
import * as z from 'zod'
import { type ErrorCode, errorTable } from '../protocol/errors.ts'

const isCode = (text: string): text is ErrorCode => Object.hasOwn(errorTable, text)
const codes = Object.keys(errorTable).filter(isCode)

export const ErrorCodeName = z.enum(codes).describe('Stable: codes are added and never renamed.')

const ErrorType = z
  .enum([...new Set(codes.map((code) => errorTable[code].type))])
  .describe("OpenAI's class of error.")

/** Every error has these. */
export const errorFields = {
  message: z.string().describe('One sentence for a person; it may change.'),
  type: ErrorType,
  param: z.string().nullable().describe('The field or header that is at fault, where one is.'),
  code: ErrorCodeName,
  request_id: z.string(),
  retryable: z.boolean().describe('Whether the same request may succeed later.'),
  retry_after_seconds: z.number().optional(),
}
