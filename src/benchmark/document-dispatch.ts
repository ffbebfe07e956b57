/** Carries one request whose answer is a document to its host, as `Dispatch` carries a chat. */
import type { DocumentRequest } from '../protocol/document-request.ts'
import type { DispatchEnd, Seer, Target } from './exchange.ts'

/**
 * The seer sees the host's whole document, its claim and its end, as they come; whether the document is what was
 * asked for is the caller's to judge. Resolves when the exchange is over, however it ended.
 */
export type DocumentDispatch = (
  target: Pick<Target, 'candidate' | 'model'>,
  order: { readonly request: DocumentRequest; readonly signal: AbortSignal },
  seer: Seer,
) => Promise<DispatchEnd>
