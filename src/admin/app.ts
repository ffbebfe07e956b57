/**
 * The surface that operators call: each route with the shape of what it takes and its use case. Who
 * may call is in `roles.ts`.
 */
import type { Hono } from 'hono'
import * as z from 'zod'
import { makeSurface, type SurfaceDeps, type SurfaceEnv } from '../http/surface.ts'
import { CatalogueModel } from '../protocol/catalogue.ts'
import type { Ids } from '../protocol/clock.ts'
import {
  AccountChange,
  type AccountDeps,
  AccountDraft,
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
import { CreditDraft, creditAccount } from './credits.ts'
import {
  DeploymentName,
  DeploymentQuery,
  listDeployments,
  switchDeployment,
} from './deployments.ts'
import { type EntryDeps, listEntries } from './entries.ts'
import type { IdentifyDeps } from './identify-operator.ts'
import { createJoinCode, type JoinCodeDeps, JoinCodeDraft } from './join-codes.ts'
import {
  createKey,
  type KeyDeps,
  KeyDraft,
  KeyQuery,
  listKeys,
  revokeKey,
  showKey,
} from './keys.ts'
import { listModels, type ModelDeps, putModel } from './models.ts'
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
import { type RefundDeps, RefundDraft, refundCharge } from './refunds.ts'
import { makeRoutes } from './routes.ts'

export type AdminDeps = Omit<SurfaceDeps, 'ids'> & { readonly ids: Ids } & IdentifyDeps &
  AccountDeps &
  KeyDeps &
  JoinCodeDeps &
  NodeDeps &
  ModelDeps &
  EntryDeps &
  RefundDeps &
  AdjustDeps &
  PayoutDeps &
  OperatorKeyDeps

const NoQuery = z.strictObject({})

export function makeAdminApp(deps: AdminDeps): Hono<SurfaceEnv> {
  const app = makeSurface(deps)
  const { show, take, act } = makeRoutes(app, deps)

  take('POST /admin/accounts', AccountDraft, (draft) => createAccount(deps, draft))
  show('GET /admin/accounts', AccountQuery, (query) => listAccounts(deps, query))
  show('GET /admin/accounts/:id', NoQuery, (_, { id }) => showAccount(deps, id))
  take('PATCH /admin/accounts/:id', AccountChange, (change, { id }) =>
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
  show('GET /admin/payouts', PayoutQuery, (query) => listPayouts(deps, query))
  take('POST /admin/payouts/:id/:period/confirm', PayoutWord, (word, call) =>
    confirm(deps, word, call),
  )

  show('GET /admin/deployments', DeploymentQuery, (query) => listDeployments(deps, query))
  take('POST /admin/deployments/disable', DeploymentName, (name) =>
    switchDeployment(deps, name, 'disabled'),
  )
  take('POST /admin/deployments/enable', DeploymentName, (name) =>
    switchDeployment(deps, name, 'enabled'),
  )

  show('GET /admin/models', NoQuery, () => listModels(deps))
  take('PUT /admin/models', CatalogueModel, (model) => putModel(deps, model))
  return app
}
