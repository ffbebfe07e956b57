/** Runs one accepted attempt within its time, and tells how far it is while it runs. */
import type { Job, JobOrder } from '../../../src/protocol/job.ts'
import { messageOf } from '../stated-error.ts'
import type { Outcome, Run } from './ground.ts'
import type { ReportDeps } from './job-reports.ts'
import type { ResultFacts } from './job-result.ts'

/** A third of the lease that the control plane gives. */
const progressEveryMs = 20_000

export type AttemptDeps = ReportDeps & {
  readonly execute: (order: JobOrder, run: Run) => Promise<Outcome>
}

type Attempt = { readonly job: Job; readonly order: JobOrder }

/** Never rejects: what goes wrong is a result. */
export async function runAttempt(deps: AttemptDeps, { job, order }: Attempt): Promise<ResultFacts> {
  const abort = new AbortController()
  const timeout = AbortSignal.timeout(job.timeout_ms)
  const signal = AbortSignal.any([timeout, abort.signal, deps.stopping])
  const over = new AbortController()
  let percent: number | null = null
  const telling = tellProgress(deps, { job, abort, over: over.signal, percent: () => percent })
  const progress = (value: number) => {
    percent = Math.max(0, Math.min(100, Math.floor(value)))
  }
  try {
    const outcome = await deps.execute(order, { signal, progress })
    if (outcome.kind === 'succeeded') return { status: 'succeeded', output: outcome.output }
    const isLate = outcome.kind === 'failed' && timeout.aborted
    const status = isLate ? 'timed_out' : outcome.kind
    return { status, reason: outcome.reason, output: outcome.output ?? null }
  } catch (error) {
    deps.log('job_bug', { job_id: job.job_id, message: messageOf(error) })
    return { status: 'failed', reason: 'agent_fault' }
  } finally {
    over.abort()
    await telling
  }
}

/** The lease lives by it; a job that the operator cancelled hears of it here. */
async function tellProgress(
  deps: AttemptDeps,
  about: {
    readonly job: Job
    readonly abort: AbortController
    readonly over: AbortSignal
    readonly percent: () => number | null
  },
): Promise<void> {
  const { job, abort, over, percent } = about
  const quiet = AbortSignal.any([over, deps.stopping])
  for (;;) {
    await deps.sleep(progressEveryMs, quiet)
    if (quiet.aborted) return
    const progress = { attempt: job.attempt, percent: percent() }
    const answer = await deps.report(job.job_id, { kind: 'progress', progress })
    if (answer.ok && !answer.value.proceed) return abort.abort()
  }
}
