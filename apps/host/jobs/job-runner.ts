/**
 * Takes jobs from replies, runs each accepted one at most once, and reports until it is heard. The
 * number of a job is on the disk before anything is said of it, and nothing runs before the control
 * plane has recorded its acceptance: so a crash or a lost message costs an attempt, never a second run.
 */
import type { Signer } from '../../../src/protocol/ed25519.ts'
import type { Job, JobOrder } from '../../../src/protocol/job.ts'
import { signAcceptance } from '../../../src/protocol/job-report.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { whenAborted } from '../drain.ts'
import { messageOf } from '../stated-error.ts'
import { type JobExpectation, judgeJob } from './job-check.ts'
import type { JobEntry, JobJournal } from './job-journal.ts'
import { type ReportDeps, reportUntilHeard } from './job-reports.ts'
import { aboutJob, type ResultFacts, resultOf } from './job-result.ts'
import { failedPreflight, type PreflightFacts } from './preflight.ts'
import { type AttemptDeps, runAttempt } from './run-attempt.ts'

/** Results that nobody confirms must not fill the disk: with so many, nothing new is taken. */
const entriesMax = 8
/** A job that does not heed its signal is left behind when the agent stops. */
const stopPatienceMs = 15_000

export type JobRunnerDeps = Pick<ReportDeps, 'report' | 'sleep' | 'log'> &
  Pick<AttemptDeps, 'execute'> & {
    readonly journal: JobJournal
    readonly expectation: () => Omit<JobExpectation, 'lastSeq'>
    readonly signer: Signer
    readonly preflight: PreflightFacts
  }

export type JobRunner = {
  /** As a heartbeat's reply has them. Nobody waits for it and it never throws. */
  readonly offer: (jobs: readonly unknown[]) => void
  /** For heartbeats. */
  readonly standing: () => { readonly active: string[]; readonly last_seq: number }
  /**
   * Reports what an earlier run of the agent left; resolves when `stop` aborted and all is at rest.
   * Rejects where the disk does not take what it must remember: then it is to be run again.
   */
  readonly run: (stop: AbortSignal) => Promise<void>
}

type Active = { readonly type: string; readonly done: Promise<void> }

export function makeJobRunner(deps: JobRunnerDeps): JobRunner {
  const { journal, log } = deps
  const active = new Map<string, Active>()
  const stopping = new AbortController()
  const reporting = { ...deps, nowMs: () => deps.expectation().nowMs, stopping: stopping.signal }
  let intake: Promise<void> = Promise.resolve()

  async function takeAll(offered: readonly unknown[]): Promise<void> {
    if (stopping.signal.aborted) return
    // First, so that nothing taken now is ever mistaken for what was left.
    await recover()
    for (const one of offered.slice(0, limits.jobsPerBeat)) {
      if (stopping.signal.aborted || !(await takeOne(one))) return
    }
  }

  /** False where this job must come first when there is room: those after it have higher numbers. */
  async function takeOne(offered: unknown): Promise<boolean> {
    const { entries, last_seq: lastSeq } = journal.get()
    const verdict = judgeJob(offered, { ...deps.expectation(), lastSeq })
    switch (verdict.kind) {
      case 'drop':
        // A job whose reply was lost is offered again while it runs; that is no news.
        if (verdict.why !== 'replayed') log('job_dropped', { why: verdict.why })
        return true
      case 'wait':
        return false
      case 'reject':
        if (entries.length >= entriesMax || isUnderWay(verdict.job)) return false
        await take(finished(verdict.job, { status: 'rejected', reason: verdict.reason }))
        return true
      case 'run': {
        const { job, order } = verdict
        const isBusy =
          active.size >= limits.jobsPerBeat ||
          entries.length >= entriesMax ||
          [...active.values()].some(({ type }) => type === order.type) ||
          isUnderWay(job)
        if (isBusy) return false
        const reason = await failedPreflight(job.preflight, deps.preflight)
        if (reason !== undefined) await take(finished(job, { status: 'rejected', reason }))
        else await take({ phase: 'taken', job }, order)
        return true
      }
    }
  }

  /** An earlier attempt at it: its end must be told before there is another. */
  const isUnderWay = (job: Job): boolean =>
    journal.get().entries.some((entry) => entry.job.job_id === job.job_id)

  async function take(entry: JobEntry, order?: JobOrder): Promise<void> {
    const { job } = entry
    await journal.change(({ entries }) => ({
      last_seq: job.job_seq,
      entries: [...entries, entry],
    }))
    log('job_taken', { job_id: job.job_id, type: job.type, seq: job.job_seq })
    track(job, order ? carryOut(job, order) : deliver(job))
  }

  /** Where the disk fails its entry stays, and the next `recover` goes on with it. */
  function track(job: Job, work: Promise<void>): void {
    const done = work
      .catch((error) => log('job_bug', { job_id: job.job_id, message: messageOf(error) }))
      .finally(() => active.delete(job.job_id))
    active.set(job.job_id, { type: job.type, done })
  }

  async function carryOut(job: Job, order: JobOrder): Promise<void> {
    const mayRun = await accept(job)
    // Whether it was recorded is not known: the next start says that it was not begun.
    if (stopping.signal.aborted) return
    if (!mayRun) return forget(job)
    const startedAtMs = deps.expectation().nowMs
    if (startedAtMs >= job.expires_at_ms) {
      return finish(job, { status: 'rejected', reason: 'expired' })
    }
    await journal.change(({ entries }) => ({
      entries: replaced(entries, { phase: 'running', job, started_at_ms: startedAtMs }),
    }))
    const facts = await runAttempt(reporting, { job, order })
    // A stop leaves it as running: the next start says that nobody knows how far it came.
    if (stopping.signal.aborted && facts.status !== 'succeeded') return
    await finish(job, { ...facts, startedAtMs })
  }

  /** Whether it may run: the control plane has recorded that this node accepted it. */
  async function accept(job: Job): Promise<boolean> {
    const { nowMs, agentVersion } = deps.expectation()
    const acceptance = signAcceptance(
      { ...aboutJob(job), agent_version: agentVersion, accepted_at_ms: nowMs },
      deps.signer,
    )
    const reply = await reportUntilHeard(reporting, job, { kind: 'acceptance', acceptance })
    return reply?.proceed === true
  }

  const finished = (job: Job, facts: ResultFacts): JobEntry => ({
    phase: 'done',
    job,
    result: resultOf(job, { ...facts, finishedAtMs: deps.expectation().nowMs }, deps.signer),
  })

  async function finish(job: Job, facts: ResultFacts): Promise<void> {
    const entry = finished(job, facts)
    await journal.change(({ entries }) => ({ entries: replaced(entries, entry) }))
    const { status, reason = null } = facts
    log('job_ended', { job_id: job.job_id, type: job.type, status, reason })
    await deliver(job)
  }

  /** Kept until the control plane has it, or will never want it. */
  async function deliver(job: Job): Promise<void> {
    const entry = journal.get().entries.find((one) => one.job.job_id === job.job_id)
    if (entry?.phase !== 'done') return
    await reportUntilHeard(reporting, job, { kind: 'result', result: entry.result })
    if (!stopping.signal.aborted) await forget(job)
  }

  const forget = (job: Job): Promise<void> =>
    journal.change(({ entries }) => ({
      entries: entries.filter((entry) => entry.job.job_id !== job.job_id),
    }))

  /**
   * What nobody here is at: left by an earlier run of the agent, or where the disk took no more. It
   * is told, and not done again.
   */
  async function recover(): Promise<void> {
    const isLeft = ({ job }: JobEntry) => !active.has(job.job_id)
    if (!journal.get().entries.some(isLeft)) return
    await journal.change(({ entries }) => ({
      entries: entries.map((entry) => {
        if (entry.phase === 'done' || !isLeft(entry)) return entry
        const reason = entry.phase === 'running' ? 'agent_restarted' : 'not_begun'
        return finished(entry.job, { status: 'failed', reason })
      }),
    }))
    for (const { job } of journal.get().entries.filter(isLeft)) track(job, deliver(job))
  }

  async function rest(): Promise<void> {
    await intake
    await Promise.all([...active.values()].map(({ done }) => done))
  }

  return {
    offer: (jobs) => {
      if (jobs.length === 0) return
      intake = intake
        .then(() => takeAll(jobs))
        .catch((error) => log('job_not_taken', { message: messageOf(error) }))
    },
    standing: () => ({
      active: [...active.keys()].slice(0, limits.jobsPerBeat),
      last_seq: journal.get().last_seq,
    }),
    run: async (stop) => {
      const recovery = intake.then(recover)
      intake = recovery.catch(() => undefined)
      await recovery
      await whenAborted(stop)
      stopping.abort()
      const patience = new AbortController()
      await Promise.race([rest(), deps.sleep(stopPatienceMs, patience.signal)])
      patience.abort()
    },
  }
}

const replaced = (entries: readonly JobEntry[], entry: JobEntry): JobEntry[] =>
  entries.map((one) => (one.job.job_id === entry.job.job_id ? entry : one))
