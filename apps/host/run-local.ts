/**
 * Mode local: the owner's own requests, on the owner's own network, with the owner's own token. No
 * control plane is asked for anything, and no dispatch of a gateway is taken.
 */
import { systemClock } from './clock.ts'
import type { HostConfig } from './config.ts'
import { drainAfter } from './drain.ts'
import { keepGoing } from './keep-going.ts'
import { isBearer, loadOrMakeLocalToken } from './local-token.ts'
import type { Log } from './log.ts'
import { openMachine } from './machine.ts'
import { loadOrMakeNodeKey } from './node-key.ts'
import { makeLocalDispatch } from './proxy/local-dispatch.ts'
import { runtimeTimeouts } from './proxy/runtime-request.ts'
import { startProxyServer } from './proxy/server.ts'
import type { ReadyLine } from './ready-line.ts'
import { makeStateStore, readState } from './state-file.ts'
import { StatedError } from './stated-error.ts'

/** Resolves when `stop` has aborted and everything has drained; throws a StatedError at the start. */
export async function runLocal(options: {
  readonly config: HostConfig
  readonly stop: AbortSignal
  readonly onReady: (line: ReadyLine) => void
  readonly log: Log
}): Promise<void> {
  const { config, stop, log } = options
  if (config.token_file === undefined) throw new StatedError('Mode local needs a token_file.')
  const token = await loadOrMakeLocalToken(config.token_file)
  const node = await loadOrMakeNodeKey(config.key_file)
  const clock = systemClock
  const initial = await readState(config.state_file)
  const state = makeStateStore({ path: config.state_file, initial, log })
  const machine = await openMachine({ config, state, clock, nowMs: clock.wallMs, log })
  const { monitor, nodeState, slots, counters } = machine

  const { dispatch, models } = makeLocalDispatch({
    isAuthorized: ({ headers }) => isBearer(headers.authorization, token),
    // Nobody waits for heartbeats here, so their absence means nothing.
    takesWork: () => ['ready', 'degraded'].includes(nodeState.current()),
    targetNamed: (name) => {
      const model = monitor.models().find(({ local_name }) => local_name === name)
      return model === undefined ? undefined : monitor.targetOf(model.artifact.digest)
    },
    localNames: () => [...new Set(monitor.models().map(({ local_name }) => local_name))],
    slots,
    counters,
    timeouts: runtimeTimeouts,
  })
  const server = await startProxyServer({ listen: config.listen, dispatch, models, log })
  options.onReady({ ready: true, port: server.port, node_id: node.nodeId })
  log('started', { node_id: node.nodeId, port: server.port, mode: config.mode })
  const drain = () => nodeState.drain('stop')
  stop.addEventListener('abort', drain, { once: true })
  if (stop.aborted) drain()
  const loops = { stop, clock, log }
  await Promise.all([
    keepGoing({
      name: 'machine',
      loop: (until) => machine.watch(until, () => undefined),
      ...loops,
    }),
    drainAfter(stop, { server, slots, clock }),
  ])
  await state.flush()
  log('stopped', counters.totals())
}
