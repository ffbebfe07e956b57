/** What jobs may see and touch of the agent: this, and no more. */
import type { RuntimeKind } from '../../../src/protocol/claim.ts'
import type { InventoryModel } from '../../../src/protocol/heartbeat.ts'
import type { JobSetting } from '../../../src/protocol/job.ts'
import type { AgentUpdate } from '../config.ts'
import type { PreflightFacts } from './preflight.ts'
import type { Json } from './redact.ts'

export type JobRuntime = {
  readonly id: string
  readonly kind: RuntimeKind
  readonly url: string
  readonly reachable: boolean
  /** The unit that the owner's config names for restarts. */
  readonly service: string | undefined
}

export type Ground = PreflightFacts & {
  readonly runtimes: () => readonly JobRuntime[]
  readonly models: () => readonly InventoryModel[]
  /** Looks at every runtime now. */
  readonly poll: () => Promise<void>
  /** A model file whose digest was computed on this machine. */
  readonly fileOf: (
    digest: string,
  ) => { readonly path: string; readonly sizeBytes: number } | undefined
  readonly reconnect: () => Promise<void>
  readonly tunnel: () => { readonly kind: string; readonly state: string }
  /** Kept on the disk; the tighter of this and the owner's own limit holds. */
  readonly keepSetting: (setting: JobSetting) => Promise<void>
  readonly limits: () => { readonly max_concurrency: number; readonly paid_enabled: boolean }
  /** Kept on the disk; ends no pause of the owner. */
  readonly setDrained: (drained: boolean) => Promise<void>
  readonly facts: () => { readonly state: string; readonly [name: string]: Json }
  /** What an owner sees of the agent, for someone who is to help him. */
  readonly diagnostics: () => { readonly [name: string]: Json }
  readonly agentUpdate: AgentUpdate
  readonly agentVersion: string
  readonly releasePublicKey: string | undefined
  /** Where a release is put for the owner's service manager to start. */
  readonly releasesFolder: string
  /** `systemctl`, but in tests. */
  readonly serviceCommand: string
}

export type Run = {
  /** Aborts at the time-out, on a cancel, and when the agent stops. */
  readonly signal: AbortSignal
  readonly progress: (percent: number) => void
}

export type Outcome =
  | { readonly kind: 'succeeded'; readonly output: Json }
  | {
      readonly kind: 'failed' | 'rejected' | 'rolled_back'
      /** A code: lower-case letters, digits and underscores. */
      readonly reason: string
      readonly output?: Json
    }
