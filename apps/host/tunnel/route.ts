/** The node's end of its public route: a tunnel to keep up, or an address that others keep up. */
import type { Random } from '../../../src/protocol/clock.ts'
import type { TunnelGrant } from '../../../src/protocol/enrolment.ts'
import type { Heartbeat } from '../../../src/protocol/heartbeat.ts'
import type { Clock } from '../clock.ts'
import type { HostConfig } from '../config.ts'
import { whenAborted } from '../drain.ts'
import type { Log } from '../log.ts'
import { StatedError } from '../stated-error.ts'
import { makeTunnel } from './supervisor.ts'

export type OpenRoute = {
  readonly report: () => Pick<Heartbeat['tunnel'], 'kind' | 'state'>
  /** No-op where the address is not the agent's to keep up. */
  readonly reconnect: () => Promise<void>
  readonly run: (stop: AbortSignal) => Promise<void>
}

/** Throws a StatedError where the config wants a tunnel that the enrolment did not grant. */
export function openRoute(deps: {
  readonly config: Pick<HostConfig, 'route'>
  readonly tunnel: () => TunnelGrant | undefined
  readonly port: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly changed: () => void
}): OpenRoute {
  const { route } = deps.config
  if (route?.kind !== 'cloudflared_named') {
    return {
      report: () => ({ kind: 'direct', state: 'up' }),
      reconnect: async () => undefined,
      run: whenAborted,
    }
  }
  const token = () => {
    const grant = deps.tunnel()
    if (grant !== undefined) return grant.token
    throw new StatedError('The operator granted no tunnel: run b3iq-host enroll once more.')
  }
  token()
  const tunnel = makeTunnel({
    ...deps,
    program: route.program ?? 'cloudflared',
    agentUrl: `http://127.0.0.1:${deps.port}`,
    token,
  })
  return {
    report: () => ({ kind: 'cloudflared_named', state: tunnel.state() }),
    reconnect: tunnel.reconnect,
    run: tunnel.run,
  }
}
