/** Whether a peer asks its upstream for every request: one that answers from a cache is no gateway. */

import type { SuiteReport } from '../../harness/suite.ts'
import type { RunningPeer, Upstream } from '../../peers/peer.ts'
import { makeAnswers } from '../../stage/answers.ts'
import { startLeanServer } from '../../stage/lean-server.ts'
import type { Load } from '../../stage/load.ts'
import { chatBody } from '../../stage/prompt.ts'

export type CountingUpstream = Upstream & {
  readonly count: () => number
  readonly stop: () => Promise<void>
}

export async function startCountingUpstream(model: string): Promise<CountingUpstream> {
  let count = 0
  const { document } = makeAnswers()(model)
  const { url, stop } = await startLeanServer(({ path }, socket) => {
    if (path === '/v1/chat/completions') count += 1
    socket.write(document)
  })
  return { model, url, stop, count: () => count }
}

export type Check = NonNullable<SuiteReport['checks']>[number]

const requestsSent = 50

/** All of them alike, so that whoever keeps answers could. */
export async function checkForwarding(
  load: Load,
  { name, of }: { readonly name: string; readonly of: RunningPeer },
  upstream: CountingUpstream,
): Promise<Check> {
  const before = upstream.count()
  await load.run({
    url: `${of.server.url}/v1/chat/completions`,
    headers: [of.headersFor(upstream)],
    body: chatBody(upstream.model, false),
    isStream: false,
    concurrency: 4,
    until: { requests: requestsSent },
  })
  const forwarded = upstream.count() - before
  return {
    what: `${name} asked its upstream for ${forwarded} of ${requestsSent} requests alike`,
    isMet: forwarded === requestsSent,
  }
}
