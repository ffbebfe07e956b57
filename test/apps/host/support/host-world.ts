/** A runtime and the agent's proxy before it, closed when the test ends. */
import { onTestFinished } from 'vitest'
import type { Ticket } from '../../../../src/protocol/ticket.ts'
import { type Reply, startFakeRuntime } from './fake-runtime.ts'
import { chatBody, encoded, makeTicket, post, type Sending } from './gateway.ts'
import { startProxy } from './proxy.ts'

export async function openWorld(
  options: { readonly reply?: Reply } & Omit<Parameters<typeof startProxy>[0], 'runtimeUrl'> = {},
) {
  const runtime = await startFakeRuntime(options)
  const proxy = await startProxy({ ...options, runtimeUrl: runtime.url })
  onTestFinished(async () => {
    await proxy.close()
    await runtime.close()
  })
  /** Sends a body with a good ticket, changed as the test says. */
  async function dispatch({
    change,
    seen,
    ...sending
  }: Partial<Sending> & {
    readonly change?: Partial<Ticket>
    /** Is told the ticket before it is sent. */
    readonly seen?: (ticket: Ticket) => void
  } = {}): Promise<{ readonly ticket: Ticket; readonly response: Response }> {
    const body = sending.body ?? chatBody()
    const ticket = makeTicket(proxy.node.nodeId, body, change)
    seen?.(ticket)
    const response = await post({
      proxyUrl: proxy.url,
      ticket: encoded(ticket),
      ...sending,
      body,
    })
    return { ticket, response }
  }
  return { runtime, proxy, dispatch }
}
