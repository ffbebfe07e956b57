/**
 * Keeps a named tunnel up: starts `cloudflared`, asks it whether it is connected, and starts it again
 * when it ends. A tunnel that is down takes no part in anything else the agent does.
 */
import { createServer } from 'node:net'
import type { Random } from '../../../src/protocol/clock.ts'
import type { Heartbeat } from '../../../src/protocol/heartbeat.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { messageOf } from '../stated-error.ts'
import { type Connector, startConnector } from './connector.ts'

const restartMsMin = 1_000
const restartMsMax = 60_000
const askEveryMs = 2_000
const askTimeoutMs = 2_000
/** A process that lived this long was well: its end is the first failure again. */
const wellAfterMs = 60_000

export type TunnelState = Heartbeat['tunnel']['state']

export type Tunnel = {
  readonly state: () => TunnelState
  /** Ends the process; a new one is started at once. */
  readonly reconnect: () => Promise<void>
  /** Keeps it up until `stop` aborts; resolves when the process has ended. */
  readonly run: (stop: AbortSignal) => Promise<void>
}

export type TunnelDeps = {
  readonly program: string
  readonly token: () => string
  readonly agentUrl: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Called after each change of state. */
  readonly changed: () => void
}

export function makeTunnel(deps: TunnelDeps): Tunnel {
  const { clock, random, log } = deps
  let state: TunnelState = 'down'
  let connector: Connector | undefined
  /** Aborts when a new start is wanted now. */
  let wanted = new AbortController()

  function become(next: TunnelState): void {
    if (next === state) return
    state = next
    log('tunnel', { state })
    deps.changed()
  }

  async function watch(running: Connector, metricsPort: number): Promise<void> {
    const over = new AbortController()
    void running.ended.then(() => over.abort())
    while (!running.hasEnded()) {
      const ready = await isReady(metricsPort)
      if (!running.hasEnded()) become(ready ? 'up' : 'connecting')
      await clock.sleep(askEveryMs, over.signal)
    }
  }

  /** How long the process lived. */
  async function runOnce(stop: AbortSignal): Promise<number> {
    const startedAtMs = clock.monotonicMs()
    const metricsPort = await freePort()
    const { program, agentUrl } = deps
    const running = startConnector({
      program,
      agentUrl,
      token: deps.token(),
      metricsPort,
      clock,
      log,
    })
    connector = running
    become('connecting')
    const end = () => void running.end()
    stop.addEventListener('abort', end, { once: true })
    if (stop.aborted) end()
    await watch(running, metricsPort)
    stop.removeEventListener('abort', end)
    connector = undefined
    become('down')
    const why = await running.ended
    if (!stop.aborted && !wanted.signal.aborted) {
      const advice = why === 'ENOENT' ? 'install cloudflared or name it in route.program' : null
      log('tunnel_ended', { why, advice })
    }
    return clock.monotonicMs() - startedAtMs
  }

  return {
    state: () => state,
    reconnect: async () => {
      wanted.abort()
      await connector?.end()
      become('down')
    },
    run: async (stop) => {
      let failures = 0
      while (!stop.aborted) {
        wanted = new AbortController()
        const livedMs = await runOnce(stop).catch((error) => {
          log('tunnel_bug', { message: messageOf(error) })
          return 0
        })
        if (wanted.signal.aborted) continue
        failures = livedMs >= wellAfterMs ? 1 : failures + 1
        const signal = AbortSignal.any([stop, wanted.signal])
        await clock.sleep(restartMs(failures, random), signal)
      }
    },
  }
}

function restartMs(failures: number, random: Random): number {
  const ceilingMs = Math.min(restartMsMax, restartMsMin * 2 ** Math.min(failures, 16))
  return Math.round(restartMsMin + random() * (ceilingMs - restartMsMin))
}

async function isReady(metricsPort: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${metricsPort}/ready`, {
      signal: AbortSignal.timeout(askTimeoutMs),
      redirect: 'error',
    })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

/** Free a moment ago: where another program takes it first, the process ends and is tried again. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
