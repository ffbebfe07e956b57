/**
 * One host's document on its way. It is handed on as a whole or not at all: what is not the answer that was
 * asked for counts as no answer, so that the next host is asked and nothing is charged.
 */
import { sha256Hex } from '../protocol/canonical.ts'
import { documentFacts } from '../protocol/document.ts'
import { modalityOf } from '../protocol/host-path.ts'
import type { DocumentAnswer, DocumentOrder } from './document-order.ts'
import type { AnswerRelay } from './work.ts'

type Taken = DocumentAnswer & { readonly outputSha256: string }

export function makeDocumentRelay({
  path,
  answerIn,
}: Pick<DocumentOrder, 'path' | 'answerIn'>): AnswerRelay {
  let taken: Taken | undefined
  const isWhole = () => taken !== undefined
  return {
    take: (batch) => {
      const content = batch.find(({ kind }) => kind === 'document')
      if (content?.kind !== 'document' || taken !== undefined) return undefined
      const { document } = content
      const facts = documentFacts(modalityOf[path], document)
      const answer = facts && answerIn(document, facts)
      if (!facts || !answer) return undefined
      taken = { ...answer, outputSha256: facts.outputSha256 }
      return { kind: 'document', document: answer.shown }
    },
    hasContent: isWhole,
    isFinished: isWhole,
    totals: () => ({
      completionBytes: 0,
      outputSha256: taken?.outputSha256 ?? nothing,
      finishReasons: new Map(),
      units: taken?.units,
    }),
  }
}

const nothing = sha256Hex('')
