/**
 * What a node says of one of its jobs. Acceptance and result carry a signature of their own over
 * the very document that was offered, and are kept: neither side can say later that it was another.
 */
import { parseJson } from '../http/read-json.ts'
import { changeJob } from '../jobs/change-job.ts'
import type { JobRecord } from '../jobs/job-record.ts'
import { acceptJob, finishJob, progressJob, type Step } from '../jobs/life-cycle.ts'
import type { JobStore } from '../jobs/ports.ts'
import type { SignedHttpRequest } from '../protocol/http-signature.ts'
import { JobId } from '../protocol/job.ts'
import {
  isResultSmall,
  JobReport,
  type JobReportReply,
  verifyAcceptance,
  verifyResult,
} from '../protocol/job-report.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { type AuthenticateDeps, authenticate } from './signed-request.ts'

export type JobReportDeps = AuthenticateDeps & {
  readonly jobs: Pick<JobStore, 'readJobAt' | 'writeJob'>
}

/** Taken again, a report changes nothing more and is answered by how the job stands. */
export async function takeJobReport(
  deps: JobReportDeps,
  request: SignedHttpRequest,
  pathId: string,
): Promise<Result<JobReportReply>> {
  const caller = await authenticate(deps, request, 'jobs')
  if (!caller.ok) return caller
  const jobId = JobId.safeParse(pathId)
  if (!jobId.success) return refuse('job_not_found')
  const report = parseJson(request.body, JobReport)
  if (!report.ok) return report
  const { node } = caller.value.row
  const fault = faultOf(deps, report.value, { ...node, jobId: jobId.data })
  if (fault) return fault
  const nowMs = deps.nowMs()
  const place = { nodeId: node.nodeId, jobId: jobId.data }
  const changed = await changeJob(deps.jobs, place, (job) => {
    if (!isAboutOffer(report.value, job)) return { job, answer: undefined }
    const step = stepOf(job, report.value, nowMs)
    return { job: step.job, answer: step }
  })
  switch (changed.kind) {
    case 'unknown_job':
      return refuse('job_not_found')
    case 'contended':
      return refuse('ingest_busy', {
        message: 'The job was changed by others at the same time: send the same again.',
        retryAfterSec: 1,
      })
    case 'changed':
      if (!changed.answer) return notTheOffer()
      return ok({
        ok: true,
        server_time_ms: nowMs,
        state: changed.job.state,
        proceed: changed.answer.proceed,
      })
  }
}

function stepOf(job: JobRecord, report: JobReport, nowMs: number): Step {
  switch (report.kind) {
    case 'acceptance':
      return acceptJob(job, report.acceptance, nowMs)
    case 'progress':
      return progressJob(job, report.progress, nowMs)
    case 'result':
      return finishJob(job, report.result, nowMs)
  }
}

type Sender = { readonly nodeId: string; readonly publicKey: string; readonly jobId: string }

/** What is wrong with a report whatever the job. */
function faultOf({ stage }: JobReportDeps, report: JobReport, sender: Sender) {
  if (report.kind === 'progress') return undefined
  const [document, isSigned] =
    report.kind === 'acceptance'
      ? [report.acceptance.acceptance, verifyAcceptance(report.acceptance, sender.publicKey)]
      : [report.result.result, verifyResult(report.result, sender.publicKey)]
  if (!isSigned) return refuse('bad_signature')
  const isOfSender =
    document.stage === stage &&
    document.node_id === sender.nodeId &&
    document.job_id === sender.jobId
  if (!isOfSender) {
    return refuse('invalid_value', {
      param: report.kind,
      message: 'The document names another stage, node or job than the request.',
    })
  }
  if (report.kind !== 'result' || isResultSmall(report.result.result)) return undefined
  return refuse('request_too_large', {
    message: `A result is at most ${limits.jobResultBytes} bytes.`,
  })
}

/** Of an attempt that can still count; what is older is answered without being looked at. */
function isAboutOffer(report: JobReport, job: JobRecord): boolean {
  if (report.kind === 'progress') return true
  const { attempt, job_sha256 } =
    report.kind === 'acceptance' ? report.acceptance.acceptance : report.result.result
  if (attempt > job.offered) return false
  if (attempt === job.offered) return job_sha256 === job.offer?.sha256
  if (attempt !== job.accepted) return true
  return job_sha256 === job.acceptance?.acceptance.job_sha256
}

const notTheOffer = () =>
  refuse('state_conflict', { message: 'This node was not offered that attempt of the job.' })
