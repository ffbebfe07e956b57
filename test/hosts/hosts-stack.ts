/** The product as a user starts it, and what a test starts beside it: hosts, runtimes, engines. */
import { type LocalStack, startLocalStack } from '../support/local-stack.ts'

type Stop = () => Promise<void>

export type HostsStack = LocalStack & {
  /** Of the engine behind the demo host. */
  readonly engineUrl: string
  /** These end before the product does, the last one first. */
  readonly stopFirst: (...stops: readonly Stop[]) => void
}

export async function startHostsStack(flags: readonly string[] = []): Promise<HostsStack> {
  const stack = await startLocalStack(flags)
  const { port } = new URL(stack.ready.gatewayUrl)
  const first: Stop[] = []
  return {
    ...stack,
    engineUrl: `http://127.0.0.1:${Number(port) + 4}`,
    stopFirst: (...stops) => void first.push(...stops),
    stop: async () => {
      for (const stop of first.toReversed()) await stop()
      await stack.stop()
    },
  }
}
