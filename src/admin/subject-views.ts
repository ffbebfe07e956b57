/** How the subject of a change is shown, before it and after: as operators read it elsewhere. */
import type { CatalogueStore } from '../fleet/ports.ts'
import type { OperatorKeyStore } from '../keys/api-key.ts'
import type { Result } from '../protocol/result.ts'
import type { SpotCheckStore } from '../spot-checks/ports.ts'
import { type AccountDeps, showAccount } from './accounts.ts'
import { type AdjustDeps, showAdjustment } from './adjustments.ts'
import type { SubjectKind, ViewSubject } from './changes.ts'
import { type IncidentDeps, showIncident } from './incidents.ts'
import { type JobDeps, showJob } from './jobs.ts'
import { type KeyDeps, showKey } from './keys.ts'
import { type NodeDeps, showNode } from './nodes.ts'
import { toWireOperatorKey } from './operator-keys.ts'
import { type PayoutDeps, showPayout } from './payouts.ts'
import { type ReferenceDeps, showReferencesOf } from './references.ts'
import { type RolloutDeps, showRollout } from './rollouts.ts'

export type SubjectViewDeps = AccountDeps &
  AdjustDeps &
  IncidentDeps &
  JobDeps &
  KeyDeps &
  NodeDeps &
  PayoutDeps &
  ReferenceDeps &
  RolloutDeps & {
    readonly catalogue: Pick<CatalogueStore, 'listModels'>
    readonly operators: Pick<OperatorKeyStore, 'readOperatorById'>
    readonly spotChecks: Pick<SpotCheckStore, 'readPlatformAccount'>
  }

export function makeSubjectViews(deps: SubjectViewDeps): ViewSubject {
  const views: Readonly<Record<SubjectKind, (id: string) => Promise<object | undefined>>> = {
    account: (id) => shown(showAccount(deps, id)),
    adjustment: (id) => shown(showAdjustment(deps, id)),
    incident: (id) => shown(showIncident(deps, id)),
    job: (id) => shown(showJob(deps, id)),
    // Its reply shows all of it that may be known.
    join_code: async () => undefined,
    key: (id) => shown(showKey(deps, id)),
    model: async (id) => (await deps.catalogue.listModels()).find((model) => model.id === id),
    node: (id) => shown(showNode(deps, id)),
    operator_key: async (id) => {
      const key = await deps.operators.readOperatorById(id)
      return key && toWireOperatorKey(key)
    },
    payout: (id) => {
      const [nodeId = '', period = ''] = id.split('/')
      return shown(showPayout(deps, { nodeId, period }))
    },
    platform_account: async () => {
      const accountId = await deps.spotChecks.readPlatformAccount()
      return accountId === undefined ? undefined : { account_id: accountId }
    },
    reference: (id) => showReferencesOf(deps, id),
    rollout: (id) => shown(showRollout(deps, id)),
  }
  return (kind, id) => views[kind](id)
}

async function shown(view: Promise<Result<object>>): Promise<object | undefined> {
  const result = await view
  return result.ok ? result.value : undefined
}
