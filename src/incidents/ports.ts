/** What pausing needs of a store. */
import type { Page, Paged } from '../ledger/ports.ts'
import type { ActiveIncident, Incident } from './incident.ts'

export type IncidentStore = {
  /**
   * One small item, read for every dispatch through a cache of a few seconds. It may name incidents
   * whose time is over: the reader's clock decides.
   */
  readonly readActive: () => Promise<readonly ActiveIncident[]>
  /** `too_many`: as many as may be are active at `nowMs`; `contended`: others write all the time. */
  readonly openIncident: (
    incident: Incident,
    nowMs: number,
  ) => Promise<'opened' | 'too_many' | 'contended'>
  /** The incident as it is then; a resolution that stands is not written again. */
  readonly resolveIncident: (
    incidentId: string,
    resolved: NonNullable<Incident['resolved']>,
  ) => Promise<
    | { readonly kind: 'resolved'; readonly incident: Incident }
    | { readonly kind: 'unknown_incident' }
    | { readonly kind: 'contended' }
  >
  readonly readIncident: (incidentId: string) => Promise<Incident | undefined>
  /** Newest first, whatever became of them; the cursor is an id. */
  readonly listIncidents: (page: Page) => Promise<Paged<Incident>>
}

/** What is paused now, a few seconds old at most. Rejects where nobody can say. */
export type ReadIncidents = () => Promise<readonly ActiveIncident[]>
