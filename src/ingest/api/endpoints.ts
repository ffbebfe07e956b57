/** The table of `/ingest/v1`: what agents call. */
import * as z from 'zod'
import { type EndpointTable, json } from '../../http/endpoint.ts'
import {
  ChallengeReply,
  ChallengeRequest,
  EnrolReply,
  EnrolRequest,
} from '../../protocol/enrolment.ts'
import { Heartbeat, HeartbeatReply, Inventory } from '../../protocol/heartbeat.ts'
import { JobId } from '../../protocol/job.ts'
import { JobReport, JobReportReply } from '../../protocol/job-report.ts'
import { EarningsReply, LateClaimBatch, LateClaimReply } from '../../protocol/late-claims.ts'
import { ReputationReply } from '../../protocol/reputation.ts'
import { RotateReply, RotateRequest } from '../../protocol/rotation.ts'
import { bodied, type IngestAuth, type IngestHeader, signed } from './row.ts'

/** Agents may be older than the control plane and skip what they do not know; replies here may not stray. */
const reply = <Shape extends z.ZodRawShape>({ shape }: z.ZodObject<Shape>) =>
  json(z.strictObject(shape))

const InventoryReply = z.object({
  ok: z.literal(true),
  profiles: z.int().describe('Builds of the catalogue among the models.'),
  unapproved: z.int().describe('Models that are in no catalogue.'),
})

export const ingestEndpoints = {
  'POST /ingest/v1/enroll/challenge': {
    operationId: 'askChallenge',
    tag: 'Enrolment',
    summary: 'Ask for a challenge to enrol with',
    does: 'It is signed together with the enrolment, which proves that the key is at hand.',
    auth: 'none',
    body: json(ChallengeRequest),
    answer: reply(ChallengeReply),
    errors: [
      'internal_error',
      'invalid_json',
      'missing_required_parameter',
      'invalid_value',
      'request_timeout',
      'request_too_large',
      'unsupported_media_type',
    ],
  },
  'POST /ingest/v1/enroll': {
    operationId: 'enrol',
    tag: 'Enrolment',
    summary: 'Enrol a machine',
    does: 'With the key that the machine made for itself and a join code, good once; instances that the stage launched prove their role instead and are approved at once. The same key enrols again without harm.',
    auth: 'signature',
    body: json(EnrolRequest),
    answer: reply(EnrolReply),
    errors: [
      ...bodied,
      'public_key_rejected',
      'key_bound_elsewhere',
      'join_code_invalid',
      'instance_rejected',
      'instance_bound',
      'identity_unavailable',
      'route_rejected',
      'enrolment_limit',
      'state_conflict',
    ],
  },
  'POST /ingest/v1/rotate': {
    operationId: 'rotateNodeKey',
    tag: 'Enrolment',
    summary: "Replace the node's key",
    does: 'Signed by both keys. The new one makes a new node that reputation follows.',
    auth: 'signature',
    body: json(RotateRequest),
    answer: reply(RotateReply),
    errors: [
      ...bodied,
      'public_key_rejected',
      'key_bound_elsewhere',
      'pending_approval',
      'state_conflict',
    ],
  },
  'POST /ingest/v1/heartbeats': {
    operationId: 'beat',
    tag: 'Service',
    summary: 'Tell that the node lives, and how it does',
    does: 'The reply says when to beat next, which gates are closed and why, and what jobs there are.',
    auth: 'signature',
    body: json(Heartbeat),
    answer: reply(HeartbeatReply),
    errors: [...bodied, 'seq_replay'],
  },
  'PUT /ingest/v1/inventory': {
    operationId: 'putInventory',
    tag: 'Service',
    summary: 'Tell which models the node has',
    does: 'When a beat was answered with the wish for it.',
    auth: 'signature',
    body: json(Inventory),
    answer: reply(InventoryReply),
    errors: [...bodied, 'state_conflict'],
  },
  'POST /ingest/v1/jobs/:job_id/result': {
    operationId: 'reportJob',
    tag: 'Service',
    summary: 'Report of a job',
    does: 'That it was accepted, how far it is, or how it ended; acceptance and result are signed documents.',
    auth: 'signature',
    path: { job_id: JobId },
    body: json(JobReport),
    answer: reply(JobReportReply),
    errors: [...bodied, 'pending_approval', 'job_not_found', 'state_conflict'],
  },
  'POST /ingest/v1/claims': {
    operationId: 'claimLate',
    tag: 'Earnings',
    summary: 'Claim what a lost gateway did not settle',
    does: 'Tickets with the signed claims over them, in batches. Each is answered by itself.',
    auth: 'signature',
    body: json(LateClaimBatch),
    answer: reply(LateClaimReply),
    errors: [...bodied, 'pending_approval'],
  },
  'GET /ingest/v1/earnings': {
    operationId: 'showOwnEarnings',
    tag: 'Earnings',
    summary: 'What the node earned and was paid',
    does: 'With the late claims that wait, and the latest payouts.',
    auth: 'signature',
    answer: reply(EarningsReply),
    errors: [...signed, 'pending_approval'],
  },
  'GET /ingest/v1/reputation': {
    operationId: 'showOwnReputation',
    tag: 'Earnings',
    summary: "What the node's past is worth",
    does: 'The score, with the events that it is made of.',
    auth: 'signature',
    answer: reply(ReputationReply),
    errors: [...signed, 'pending_approval'],
  },
} as const satisfies EndpointTable<IngestAuth, IngestHeader>
