/** A request for one document as work: the order of an endpoint in the words of all that is sold. */
import type { CustomerKey } from '../keys/api-key.ts'
import type { Random } from '../protocol/clock.ts'
import { modalityOf } from '../protocol/host-path.ts'
import type { DocumentOrder } from './document-order.ts'
import { planDocument } from './document-plan.ts'
import { makeDocumentRelay } from './document-relay.ts'
import { hasHostsUnder, policyFor } from './route-policy.ts'
import type { Work } from './work.ts'

export function documentWork(order: DocumentOrder, key: CustomerKey, random: Random): Work {
  const { model, path, provider, texts } = order
  return {
    model,
    path,
    isStreamed: false,
    choices: 1,
    showsLogprobs: false,
    stop: undefined,
    affinity: undefined,
    suits: hasHostsUnder(
      policyFor({ provider, needs: [], sells: modalityOf[path] }, key, 0),
      random,
    ),
    plan: (shard, die) => planDocument(order, key, shard, die),
    samplesLogprobs: () => false,
    hostBody: (_, terms) => order.hostBody(terms.model),
    promptTexts: () => ({ texts, marked: texts.length }),
    relay: () => makeDocumentRelay(order),
  }
}
