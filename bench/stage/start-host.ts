/** Starts the host of a bench in a process of its own. */
import { join } from 'node:path'
import * as z from 'zod'
import { startChild } from './child.ts'
import type { Usage } from './process-usage.ts'

export type BenchHost = {
  readonly url: string
  readonly nodeId: string
  readonly publicKey: string
  readonly usage: () => Promise<Usage>
  readonly stop: () => Promise<void>
}

const Greeting = z.object({ url: z.url(), nodeId: z.string(), publicKey: z.string() })

/** By whose tickets it is asked; without any it serves as a plain upstream alone. */
export async function startHost(
  of: { readonly stage: string; readonly rootPublicKeys: readonly string[] } = {
    stage: 'local',
    rootPublicKeys: [],
  },
): Promise<BenchHost> {
  const child = await startChild(join(import.meta.dirname, 'host-process.ts'), of)
  return { ...Greeting.parse(child.greeting), usage: child.usage, stop: child.stop }
}
