/**
 * The surface that hosts call: enrolment, heartbeats, inventories, late claims and earnings. Every
 * route is one use case.
 */
import type { Hono } from 'hono'
import type { CatalogueStore } from '../fleet/ports.ts'
import { readJson } from '../http/read-json.ts'
import { errorResponse, resultResponse } from '../http/respond.ts'
import { makeSurface, type SurfaceDeps, type SurfaceEnv } from '../http/surface.ts'
import { ChallengeRequest } from '../protocol/enrolment.ts'
import type { SignedHttpRequest } from '../protocol/http-signature.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result } from '../protocol/result.ts'
import { issueChallenge } from './challenge.ts'
import { type EarningsDeps, showEarnings } from './earnings.ts'
import { type EnrolDeps, enrol } from './enrol.ts'
import { makeFreshCatalogue } from './fresh-catalogue.ts'
import { type HeartbeatDeps, takeHeartbeat } from './heartbeat.ts'
import { type InventoryDeps, takeInventory } from './inventory.ts'
import { type LateClaimDeps, takeLateClaims } from './late-claims.ts'
import { readSigned } from './signed-request.ts'

export type IngestDeps = SurfaceDeps &
  EnrolDeps &
  Omit<HeartbeatDeps, 'freshCatalogue'> &
  Omit<InventoryDeps, 'freshCatalogue'> &
  LateClaimDeps &
  EarningsDeps & {
    readonly catalogue: Pick<CatalogueStore, 'listModels'>
  }

/** A key, a code, a challenge and an address. */
const enrolmentBytes = 4 * 1024

export function makeIngestApp(given: IngestDeps): Hono<SurfaceEnv> {
  const deps = { ...given, freshCatalogue: makeFreshCatalogue(given.catalogue, given.nowMs) }
  const app = makeSurface(deps)

  app.post('/ingest/v1/enroll/challenge', async (c) => {
    const body = await readJson(c.req.raw, ChallengeRequest, enrolmentBytes)
    if (!body.ok) return errorResponse(body.error, c.get('requestId'))
    const reply = issueChallenge(deps, body.value.public_key, deps.nowMs())
    return resultResponse(ok(reply), c.get('requestId'))
  })

  const signed = (
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    take: (request: SignedHttpRequest) => Promise<Result<unknown>>,
    maxBytes: number,
  ) =>
    app.on(method, path, async (c) => {
      const request = await readSigned(c.req.raw, maxBytes)
      const result = request.ok ? await take(request.value) : request
      return resultResponse(result, c.get('requestId'))
    })

  signed('POST', '/ingest/v1/enroll', (request) => enrol(deps, request), enrolmentBytes)
  signed(
    'POST',
    '/ingest/v1/heartbeats',
    (request) => takeHeartbeat(deps, request),
    limits.heartbeatBytes,
  )
  signed(
    'PUT',
    '/ingest/v1/inventory',
    (request) => takeInventory(deps, request),
    limits.inventoryBytes,
  )
  signed(
    'POST',
    '/ingest/v1/claims',
    (request) => takeLateClaims(deps, request),
    limits.lateClaimBytes,
  )
  signed('GET', '/ingest/v1/earnings', (request) => showEarnings(deps, request), 0)
  return app
}
