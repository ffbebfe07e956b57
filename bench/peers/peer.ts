/** A gateway of others: where it is installed, how it is started, and what a request to it must carry. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Server } from '../stage/start-server.ts'

/** Where requests for a model go. */
export type Upstream = { readonly model: string; readonly url: string }

export type Peer = {
  /** Its version and configuration, for whoever reads the figures. */
  readonly told: string
  readonly start: (upstreams: readonly Upstream[]) => Promise<RunningPeer>
}

export type RunningPeer = {
  readonly server: Server
  readonly headersFor: (upstream: Upstream) => Readonly<Record<string, string>>
  readonly stop: () => Promise<void>
}

/** What `scripts/bench-peers.mjs` made of a peer. */
export type Installed =
  | { readonly kind: 'installed'; readonly folder: string }
  | { readonly kind: 'left_out'; readonly reason: string }

const root = join(import.meta.dirname, '..', '..', '.bench')

export function installedPeer(name: 'portkey' | 'litellm'): Installed {
  const folder = join(root, name)
  if (existsSync(join(folder, 'installed'))) return { kind: 'installed', folder }
  const reasonFile = join(folder, 'left-out')
  const reason = existsSync(reasonFile)
    ? readFileSync(reasonFile, 'utf8')
    : 'it is not installed; run `node scripts/bench-peers.mjs`'
  return { kind: 'left_out', reason }
}

/** What both get: a peer must ask the upstream itself, past any proxy that the machine has. */
export const peerEnvironment = { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' } as const
