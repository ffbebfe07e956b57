/**
 * The surface that hosts call: enrolment, rotation, heartbeats, inventories, late claims and earnings. Every
 * route is one use case.
 */
import type { Hono } from 'hono'
import type { CatalogueStore, FleetStore } from '../fleet/ports.ts'
import { readJson } from '../http/read-json.ts'
import { errorResponse, resultResponse } from '../http/respond.ts'
import { makeSurface, type SurfaceDeps, type SurfaceEnv } from '../http/surface.ts'
import type { Random } from '../protocol/clock.ts'
import { ChallengeRequest } from '../protocol/enrolment.ts'
import type { SignedHttpRequest } from '../protocol/http-signature.ts'
import { publishedKeysDigest } from '../protocol/key-succession.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result } from '../protocol/result.ts'
import { inProgressMax, makeAdmission } from './admission.ts'
import { issueChallenge } from './challenge.ts'
import { type EarningsDeps, showEarnings } from './earnings.ts'
import { type EnrolDeps, enrol } from './enrol.ts'
import { makeFreshRead } from './fresh-read.ts'
import { type HeartbeatDeps, takeHeartbeat } from './heartbeat.ts'
import { type InventoryDeps, takeInventory } from './inventory.ts'
import { type JobReportDeps, takeJobReport } from './jobs-report.ts'
import { type LateClaimDeps, takeLateClaims } from './late-claims.ts'
import { type ReputationDeps, showReputation } from './reputation.ts'
import { type RotateDeps, rotate } from './rotate.ts'
import { readSigned } from './signed-request.ts'

export type IngestDeps = SurfaceDeps &
  Omit<EnrolDeps, 'freshFleetState'> &
  Omit<HeartbeatDeps, 'freshCatalogue' | 'freshFleetState' | 'keyList'> &
  Omit<InventoryDeps, 'freshCatalogue'> &
  RotateDeps &
  LateClaimDeps &
  JobReportDeps &
  EarningsDeps &
  ReputationDeps & {
    readonly catalogue: Pick<CatalogueStore, 'listModels'>
    readonly fleet: Pick<FleetStore, 'readFleetState'>
    readonly random: Random
  }

/** A key, a challenge, an address, and a code or the session token of a role. */
const enrolmentBytes = 8 * 1024

export function makeIngestApp(given: IngestDeps): Hono<SurfaceEnv> {
  const deps = {
    ...given,
    freshCatalogue: makeFreshRead(given.catalogue.listModels, given.nowMs),
    freshFleetState: makeFreshRead(given.fleet.readFleetState, given.nowMs),
    keyList: {
      digest: publishedKeysDigest(given.publishedKeys),
      published: given.publishedKeys,
    },
  }
  const admit = makeAdmission(inProgressMax, deps.random)
  const app = makeSurface(deps)

  app.post('/ingest/v1/enroll/challenge', async (c) => {
    const body = await readJson(c.req.raw, ChallengeRequest, enrolmentBytes)
    if (!body.ok) return errorResponse(body.error, c.get('requestId'))
    const reply = issueChallenge(deps, body.value.public_key, deps.nowMs())
    return resultResponse(ok(reply), c.get('requestId'))
  })

  /** `jobId` is empty on routes without one. */
  const signed = (
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    take: (request: SignedHttpRequest, jobId: string) => Promise<Result<unknown>>,
    maxBytes: number,
  ) =>
    app.on(method, path, async (c) => {
      const result = await admit(async () => {
        const request = await readSigned(c.req.raw, maxBytes)
        return request.ok ? take(request.value, c.req.param('job_id') ?? '') : request
      })
      return resultResponse(result, c.get('requestId'))
    })

  signed('POST', '/ingest/v1/enroll', (request) => enrol(deps, request), enrolmentBytes)
  signed('POST', '/ingest/v1/rotate', (request) => rotate(deps, request), enrolmentBytes)
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
  signed(
    'POST',
    '/ingest/v1/jobs/:job_id/result',
    (request, jobId) => takeJobReport(deps, request, jobId),
    limits.jobReportBytes,
  )
  signed('GET', '/ingest/v1/earnings', (request) => showEarnings(deps, request), 0)
  signed('GET', '/ingest/v1/reputation', (request) => showReputation(deps, request), 0)
  return app
}
