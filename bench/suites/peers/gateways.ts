/** The gateways that are compared: ours over both databases, and every peer that this machine has. */
import { stripVTControlCharacters } from 'node:util'
import { litellmIn } from '../../peers/litellm.ts'
import { installedPeer, type Peer, type RunningPeer, type Upstream } from '../../peers/peer.ts'
import { portkeyIn } from '../../peers/portkey.ts'
import type { BenchStage, Database } from '../../stage/open-stage.ts'
import { startGateway } from '../../stage/start-gateway.ts'
import { names } from './report.ts'
import type { Variant } from './trial.ts'

export type Gateways = {
  readonly running: readonly Running[]
  /** Peers that are not among them, and why. */
  readonly skipped: readonly string[]
  readonly stop: () => Promise<void>
}

export type Running = {
  readonly kind: 'running'
  readonly name: string
  readonly variant: Variant
  /** Undefined of our own gateway. */
  readonly peer: { readonly told: string; readonly of: RunningPeer } | undefined
  readonly stop: () => Promise<void>
}

type Skipped = { readonly kind: 'skipped'; readonly why: string }

/** Why these are never measured is told with every run. */
const neverMeasured = [
  'LiteLLM with its database-backed budgets: its database client needs a query engine that no package registry has.',
  'Bifrost: its Go module could not be fetched where this suite was made.',
]

/** `counting` is a second upstream of each peer. Throws where ours did not start. */
export async function startGateways(
  stage: BenchStage,
  upstreams: { readonly measured: Upstream; readonly counting: Upstream },
): Promise<Gateways> {
  const canned = startOurs(stage, 'canned')
  // Making the bundle stops this process for seconds, in which nothing else may wait for an answer.
  const embedded = canned.then(() => startOurs(stage, 'embedded'))
  const results = await Promise.allSettled<Running | Skipped>([
    canned,
    embedded,
    startPeer({ id: 'portkey', name: names.portkey, at: portkeyIn }, upstreams),
    startPeer({ id: 'litellm', name: names.litellm, at: litellmIn }, upstreams),
  ])
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  const running = started.filter((one) => one.kind === 'running')
  const stop = async () => {
    await Promise.all(running.map((one) => one.stop()))
  }
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) {
    await stop()
    throw failed.reason
  }
  const skipped = started.flatMap((one) => (one.kind === 'skipped' ? one.why : []))
  return { running, skipped: [...skipped, ...neverMeasured], stop }
}

async function startOurs(stage: BenchStage, database: Database): Promise<Running> {
  const { url, usage, stop } = await startGateway(await stage.environment(database))
  const variant = { url: chatUrl(url), headers: stage.headers, usage }
  return { kind: 'running', name: names[database], variant, peer: undefined, stop }
}

type Known = {
  readonly id: 'portkey' | 'litellm'
  readonly name: string
  readonly at: (folder: string) => Peer
}

async function startPeer(
  { id, name, at }: Known,
  { measured, counting }: { readonly measured: Upstream; readonly counting: Upstream },
): Promise<Running | Skipped> {
  const installed = installedPeer(id)
  if (installed.kind === 'left_out') {
    return { kind: 'skipped', why: `${name}: ${installed.reason}.` }
  }
  try {
    const { told, start } = at(installed.folder)
    const of = await start([measured, counting])
    const { url, usage } = of.server
    const variant = { url: chatUrl(url), headers: [of.headersFor(measured)], usage }
    return { kind: 'running', name, variant, peer: { told, of }, stop: of.stop }
  } catch (error) {
    return { kind: 'skipped', why: `${name} did not start: ${firstLineOf(error)}` }
  }
}

export const chatUrl = (url: string): string => `${url}/v1/chat/completions`

/** A program that fails may tell a page, in colours. */
function firstLineOf(error: unknown): string {
  const text = stripVTControlCharacters(error instanceof Error ? error.message : String(error))
  return text.trim().split('\n', 1)[0] ?? ''
}
