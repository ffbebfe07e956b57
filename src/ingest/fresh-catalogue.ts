/** The catalogue, read once in a few seconds however many nodes beat. */
import type { PricedModel } from '../catalogue/model.ts'
import type { CatalogueStore } from '../fleet/ports.ts'
import type { NowMs } from '../protocol/clock.ts'

const freshMs = 5_000

export function makeFreshCatalogue(
  { listModels }: Pick<CatalogueStore, 'listModels'>,
  nowMs: NowMs,
): () => Promise<readonly PricedModel[]> {
  let read:
    | { readonly untilMs: number; readonly models: Promise<readonly PricedModel[]> }
    | undefined
  return () => {
    if (read && read.untilMs > nowMs()) return read.models
    const models = listModels()
    read = { untilMs: nowMs() + freshMs, models }
    // A failed read must not be remembered as an answer.
    models.catch(() => {
      if (read?.models === models) read = undefined
    })
    return models
  }
}
