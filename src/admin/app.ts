/**
 * The surface that operators call: each route with the shape of what it takes and its use case. Who
 * may call is in `roles.ts`.
 */
import type { Hono } from 'hono'
import * as z from 'zod'
import { allowBrowsers } from '../http/cors.ts'
import { makeSurface, type SurfaceDeps, type SurfaceEnv } from '../http/surface.ts'
import { AskedJob } from '../jobs/order-job.ts'
import { CatalogueModel } from '../protocol/catalogue.ts'
import type { Ids } from '../protocol/clock.ts'
import { Reference } from '../spot-checks/reference.ts'
import {
  type AccountDeps,
  AccountDraft,
  AccountPatch,
  AccountQuery,
  changeAccount,
  createAccount,
  listAccounts,
  showAccount,
} from './accounts.ts'
import {
  type AdjustDeps,
  AdjustmentDraft,
  adjustBalance,
  approve,
  showAdjustment,
} from './adjustments.ts'
import { type AuditDeps, AuditQuery, listAudit, showAudit } from './audit.ts'
import { CreditDraft, creditAccount } from './credits.ts'
import {
  type DeploymentDeps,
  DeploymentName,
  DeploymentQuery,
  listDeployments,
  switchDeployment,
} from './deployments.ts'
import { type EntryDeps, listEntries } from './entries.ts'
import type { IdentifyDeps } from './identify-operator.ts'
import {
  type IncidentDeps,
  IncidentDraft,
  IncidentQuery,
  listIncidents,
  openIncident,
  resolveIncident,
  showIncident,
} from './incidents.ts'
import { cancel, type JobDeps, JobQuery, listJobs, orderForNode, showJob } from './jobs.ts'
import { createJoinCode, type JoinCodeDeps, JoinCodeDraft } from './join-codes.ts'
import { changeKey, KeyPatch, KeyRotation, rotateKey } from './key-changes.ts'
import {
  createKey,
  type KeyDeps,
  KeyDraft,
  KeyQuery,
  listKeys,
  revokeKey,
  showKey,
} from './keys.ts'
import { listModels, type ModelDeps, ModelQuery, putModel } from './models.ts'
import { changeNode, listNodes, type NodeDeps, NodeQuery, showNode } from './nodes.ts'
import {
  createOperatorKey,
  listOperatorKeys,
  type OperatorKeyDeps,
  OperatorKeyDraft,
  OperatorKeyQuery,
  revokeOperatorKey,
} from './operator-keys.ts'
import {
  confirm,
  listPayouts,
  type PayoutDeps,
  PayoutQuery,
  PayoutWord,
  showEarnings,
} from './payouts.ts'
import {
  PlatformAccount,
  type PlatformAccountDeps,
  setPlatformAccount,
} from './platform-account.ts'
import type { RecordDeps } from './record-change.ts'
import { listReferences, putReference, type ReferenceDeps, ReferenceQuery } from './references.ts'
import { type RefundDeps, RefundDraft, refundCharge } from './refunds.ts'
import { adminReplyHeaderNames } from './reply-header-names.ts'
import { type ReputationDeps, showReputation } from './reputation.ts'
import {
  createRollout,
  listRollouts,
  type RolloutDeps,
  RolloutDraft,
  RolloutQuery,
  showRollout,
} from './rollouts.ts'
import {
  askForRoute,
  questionBytesMax,
  type RouteExplainDeps,
  RouteQuestion,
} from './route-explain.ts'
import { makeRoutes } from './routes.ts'
import { type SpendDeps, showSpend } from './spend.ts'
import { SpendQuery } from './spend-query.ts'
import { makeSubjectViews, type SubjectViewDeps } from './subject-views.ts'
import { clearVerdict, type VerdictDeps } from './verdicts.ts'

export type AdminDeps = Omit<SurfaceDeps, 'ids'> & { readonly ids: Ids } & IdentifyDeps &
  AccountDeps &
  KeyDeps &
  JoinCodeDeps &
  NodeDeps &
  DeploymentDeps &
  ModelDeps &
  EntryDeps &
  RefundDeps &
  AdjustDeps &
  PayoutDeps &
  JobDeps &
  RolloutDeps &
  ReputationDeps &
  ReferenceDeps &
  PlatformAccountDeps &
  VerdictDeps &
  OperatorKeyDeps &
  SpendDeps &
  AuditDeps &
  IncidentDeps &
  RouteExplainDeps &
  RecordDeps &
  SubjectViewDeps

const NoQuery = z.strictObject({})

export function makeAdminApp(deps: AdminDeps): Hono<SurfaceEnv> {
  const app = makeSurface(deps)
  // The console's pages come from an origin of their own. A key is in a header that a page must be given, and
  // no cookie is ever sent or taken, so an origin by itself is worth nothing.
  app.use(allowBrowsers(adminReplyHeaderNames))
  const { show, ask, take, act } = makeRoutes(app, { ...deps, view: makeSubjectViews(deps) })

  take('POST /admin/accounts', AccountDraft, (draft) => createAccount(deps, draft))
  show('GET /admin/accounts', AccountQuery, (query) => listAccounts(deps, query))
  show('GET /admin/accounts/:id', NoQuery, (_, { id }) => showAccount(deps, id))
  take('PATCH /admin/accounts/:id', AccountPatch, (change, { id }) =>
    changeAccount(deps, id, change),
  )
  show('GET /admin/accounts/:id/entries', AccountQuery, (query, { id }) =>
    listEntries(deps, id, query),
  )

  take('POST /admin/accounts/:id/credits', CreditDraft, (draft, call) =>
    creditAccount(deps, draft, call),
  )
  take('POST /admin/accounts/:id/refunds', RefundDraft, (draft, call) =>
    refundCharge(deps, draft, call),
  )
  take('POST /admin/accounts/:id/adjustments', AdjustmentDraft, (draft, call) =>
    adjustBalance(deps, draft, call),
  )
  show('GET /admin/adjustments/:id', NoQuery, (_, { id }) => showAdjustment(deps, id))
  act('POST /admin/adjustments/:id/approve', (call) => approve(deps, call))

  take('POST /admin/keys', KeyDraft, (draft) => createKey(deps, draft))
  show('GET /admin/keys', KeyQuery, (query) => listKeys(deps, query))
  show('GET /admin/keys/:id', NoQuery, (_, { id }) => showKey(deps, id))
  take('PATCH /admin/keys/:id', KeyPatch, (patch, { id }) => changeKey(deps, id, patch))
  take('POST /admin/keys/:id/rotate', KeyRotation, (grace, { id }) => rotateKey(deps, id, grace))
  act('DELETE /admin/keys/:id', ({ id }) => revokeKey(deps, id))

  take('POST /admin/operator-keys', OperatorKeyDraft, (draft) => createOperatorKey(deps, draft))
  show('GET /admin/operator-keys', OperatorKeyQuery, (query) => listOperatorKeys(deps, query))
  act('DELETE /admin/operator-keys/:id', ({ id }) => revokeOperatorKey(deps, id))

  take('POST /admin/join-codes', JoinCodeDraft, (draft) => createJoinCode(deps, draft))
  show('GET /admin/nodes', NodeQuery, (query) => listNodes(deps, query))
  show('GET /admin/nodes/:id', NoQuery, (_, { id }) => showNode(deps, id))
  act('POST /admin/nodes/:id/approve', ({ id }) => changeNode(deps, id, 'approve'))
  act('POST /admin/nodes/:id/suspend', ({ id }) => changeNode(deps, id, 'suspend'))
  act('POST /admin/nodes/:id/retire', ({ id }) => changeNode(deps, id, 'retire'))

  show('GET /admin/nodes/:id/earnings', NoQuery, (_, { id }) => showEarnings(deps, id))
  show('GET /admin/nodes/:id/reputation', NoQuery, (_, { id }) => showReputation(deps, id))
  show('GET /admin/payouts', PayoutQuery, (query) => listPayouts(deps, query))
  take('POST /admin/payouts/:id/:period/confirm', PayoutWord, (word, call) =>
    confirm(deps, word, call),
  )

  take('POST /admin/nodes/:id/jobs', AskedJob, (asked, call) => orderForNode(deps, asked, call))
  show('GET /admin/nodes/:id/jobs', JobQuery, (query, { id }) => listJobs(deps, id, query))
  show('GET /admin/jobs/:id', NoQuery, (_, { id }) => showJob(deps, id))
  act('POST /admin/jobs/:id/cancel', (call) => cancel(deps, call))
  take('POST /admin/rollouts', RolloutDraft, (draft, { by }) => createRollout(deps, draft, by))
  show('GET /admin/rollouts', RolloutQuery, (query) => listRollouts(deps, query))
  show('GET /admin/rollouts/:id', NoQuery, (_, { id }) => showRollout(deps, id))

  show('GET /admin/deployments', DeploymentQuery, (query) => listDeployments(deps, query))
  take('POST /admin/deployments/disable', DeploymentName, (name) =>
    switchDeployment(deps, name, 'disabled'),
  )
  take('POST /admin/deployments/enable', DeploymentName, (name) =>
    switchDeployment(deps, name, 'enabled'),
  )

  take('POST /admin/deployments/clear-verdict', DeploymentName, (name) => clearVerdict(deps, name))
  show('GET /admin/references', ReferenceQuery, (query) => listReferences(deps, query))
  take('PUT /admin/references', Reference, (reference) => putReference(deps, reference))
  take('PUT /admin/platform-account', PlatformAccount, (body) => setPlatformAccount(deps, body))

  show('GET /admin/audit', AuditQuery, (query) => listAudit(deps, query))
  show('GET /admin/audit/:id', NoQuery, (_, { id }) => showAudit(deps, id))
  show('GET /admin/incidents', IncidentQuery, (query) => listIncidents(deps, query))
  take('POST /admin/incidents', IncidentDraft, (draft, call) => openIncident(deps, draft, call))
  show('GET /admin/incidents/:id', NoQuery, (_, { id }) => showIncident(deps, id))
  act('POST /admin/incidents/:id/resolve', (call) => resolveIncident(deps, call))
  ask('POST /admin/route-explain', RouteQuestion, {
    bodyBytesMax: questionBytesMax,
    use: (question) => askForRoute(deps, question),
  })

  show('GET /admin/spend', SpendQuery, (query) => showSpend(deps, query))
  show('GET /admin/models', ModelQuery, (query) => listModels(deps, query))
  take('PUT /admin/models', CatalogueModel, (model) => putModel(deps, model))
  return app
}
