/** Tells the control plane of a job until it has heard, with patience that grows and ends. */
import type { NowMs, Sleep } from '../../../src/protocol/clock.ts'
import type { Job } from '../../../src/protocol/job.ts'
import type { JobReport, JobReportReply } from '../../../src/protocol/job-report.ts'
import type { Answer } from '../control-plane.ts'
import type { Log } from '../log.ts'

const retryMsMin = 1_000
const retryMsMax = 60_000
/** Said again, the same will be refused again. */
const finalCodes: ReadonlySet<string> = new Set([
  'job_not_found',
  'state_conflict',
  'invalid_value',
  'request_too_large',
])

export type ReportDeps = {
  readonly report: (jobId: string, report: JobReport) => Promise<Answer<JobReportReply>>
  readonly sleep: Sleep
  /** By the server's clock. */
  readonly nowMs: NowMs
  readonly log: Log
  readonly stopping: AbortSignal
}

/** Undefined when the agent stops first, or when it is refused for good or nobody waits for it. */
export async function reportUntilHeard(
  deps: ReportDeps,
  job: Job,
  report: JobReport,
): Promise<JobReportReply | undefined> {
  const untilMs = job.expires_at_ms + job.timeout_ms
  for (let tries = 0; !deps.stopping.aborted; tries += 1) {
    const answer = await deps.report(job.job_id, report)
    if (answer.ok) return answer.value
    const { code } = answer.error
    if (finalCodes.has(code) || deps.nowMs() > untilMs) {
      deps.log('job_report_refused', { job_id: job.job_id, code })
      return undefined
    }
    const waitMs = Math.min(retryMsMax, retryMsMin * 2 ** Math.min(tries, 10))
    await deps.sleep(waitMs, deps.stopping)
  }
  return undefined
}
