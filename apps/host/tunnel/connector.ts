/**
 * One `cloudflared` process from start to end. The token is in its environment alone: command lines
 * can be read by every user of the machine. What it logs may name the token, so its lines are
 * redacted, and few of them are kept.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { errorCode } from '../stated-error.ts'

const killAfterMs = 5_000
const linesLoggedMax = 20
const lineCharsMax = 300

export type Connector = {
  readonly hasEnded: () => boolean
  /** The exit code, the signal's name, or why it could not start. */
  readonly ended: Promise<string>
  /** Asks it to end, and after five seconds makes it; resolves when it has. */
  readonly end: () => Promise<void>
}

export function startConnector(deps: {
  readonly program: string
  readonly token: string
  readonly metricsPort: number
  /** Where the tunnel ends when the operator configured no other place. */
  readonly agentUrl: string
  readonly clock: Clock
  readonly log: Log
}): Connector {
  const { program, token, clock, log } = deps
  const metrics = `127.0.0.1:${deps.metricsPort}`
  const child = spawn(program, ['tunnel', '--no-autoupdate', '--metrics', metrics, 'run'], {
    env: { ...process.env, TUNNEL_TOKEN: token, TUNNEL_URL: deps.agentUrl },
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
  })
  logLines(child, { token, log })
  let over = false
  const ended = new Promise<string>((resolve) => {
    const finish = (why: string) => {
      over = true
      resolve(why)
    }
    child.once('error', (error) => finish(errorCode(error) ?? 'failed to start'))
    child.once('exit', (code, signal) => finish(signal ?? `exit ${code}`))
  })

  return {
    hasEnded: () => over,
    ended,
    end: async () => {
      if (over) return
      child.kill('SIGTERM')
      const patience = new AbortController()
      await Promise.race([ended, clock.sleep(killAfterMs, patience.signal)])
      patience.abort()
      if (!over) child.kill('SIGKILL')
      await ended
    },
  }
}

/** Its warnings and errors; what it says of requests is nobody's business. */
function logLines(child: ChildProcess, by: { readonly token: string; readonly log: Log }): void {
  if (child.stderr === null) return
  let logged = 0
  const lines = createInterface({ input: child.stderr })
  lines.on('line', (line) => {
    if (logged >= linesLoggedMax || !/ (WRN|ERR|FTL) /.test(line)) return
    logged += 1
    by.log('tunnel_says', { line: redacted(line, by.token).slice(0, lineCharsMax) })
  })
  lines.on('error', () => undefined)
}

/** The token, and whatever is long enough to be part of one. */
export const redacted = (line: string, token: string): string =>
  line.replaceAll(token, '[token]').replace(/[A-Za-z0-9+/_=-]{48,}/g, '[long text]')
