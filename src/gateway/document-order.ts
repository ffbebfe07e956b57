/**
 * A request whose answer is one document, as far as hosts, money and routing go. Each endpoint says it in
 * these words, and all of them are served alike.
 */
import type { UnitBounds } from '../metering/units.ts'
import type { Document, DocumentFacts } from '../protocol/document.ts'
import type { DocumentPath } from '../protocol/document-request.ts'
import type { RouteWish } from './route-policy.ts'
import type { HostBody } from './work.ts'

export type DocumentOrder = {
  readonly model: string
  readonly path: DocumentPath
  readonly provider: RouteWish['provider']
  /** Which a runtime reads, each by itself, and which are billed; none where units are sold. */
  readonly texts: readonly string[]
  /** What there can be at the most of what is sold by the unit. */
  readonly units?: UnitBounds | undefined
  /** `model` is the name that hosts know. */
  readonly hostBody: (model: string) => HostBody
  /** Undefined where a host's document, right in itself, is not what was asked for. */
  readonly answerIn: (document: Document, facts: DocumentFacts) => DocumentAnswer | undefined
}

export type DocumentAnswer = {
  /** Of the host's document, what the customer is shown. */
  readonly shown: Document
  /** What there is of what is sold by the unit. */
  readonly units?: number | undefined
}
