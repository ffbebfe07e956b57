/**
 * `b3iq-host doctor`: everything an owner needs, looked at in the order in which it is needed. It
 * changes nothing, and every look has its time limit.
 */
import { randomUUID } from 'node:crypto'
import { makeProgram } from './bounded-program.ts'
import { makeServerClock, systemClock } from './clock.ts'
import { type HostConfig, readConfig } from './config.ts'
import { makeControlPlane } from './control-plane.ts'
import { type Checked, check, type Finding, ok, skipped } from './doctor/check.ts'
import { checkDisk } from './doctor/disk.ts'
import {
  checkApproval,
  checkEnrolment,
  checkIngest,
  checkKey,
  checkOperatorKeys,
} from './doctor/identity.ts'
import { checkGpu, checkRuntime, checkTunnel } from './doctor/machine.ts'
import { checkPort, checkRoute, localUrl, probeRoute } from './doctor/route.ts'
import { doctorText } from './doctor/text.ts'
import { makeGpuQuery } from './gpu/gpu-query.ts'
import { makeSmi } from './gpu/smi.ts'
import { checkedIngestUrl } from './ingest-url.ts'
import { loadNodeKey, type NodeKey } from './node-key.ts'
import { rememberedDigests } from './runtimes/artifact-digest.ts'
import { type HostState, readState } from './state-file.ts'
import { lookAtRuntimes } from './status/look.ts'
import type { Printed } from './status.ts'

const versionLimitMs = 5_000
const freshMsMax = 150_000

/** Exit code 1 when something blocks the node. */
export async function doctor(options: {
  readonly configPath: string
  readonly json: boolean
  readonly nowMs: number
}): Promise<Printed> {
  const checks = await examine(options.configPath, options.nowMs)
  const isBlocked = checks.some(({ verdict }) => verdict === 'blocked')
  return {
    text: options.json ? JSON.stringify({ ok: !isBlocked, checks }, null, 2) : doctorText(checks),
    exitCode: isBlocked ? 1 : 0,
  }
}

const look = (name: string, find: () => Finding | Promise<Finding>): Promise<Checked> =>
  check(name, { find, sleep: systemClock.sleep })

export async function examine(configPath: string, nowMs: number): Promise<Checked[]> {
  let config: HostConfig | undefined
  const first = await look('config', async () => {
    config = await readConfig(configPath)
    return ok(`${configPath} is complete; mode ${config.mode}.`)
  })
  // Without it nothing else can be asked.
  if (config === undefined) return [first]
  return [first, ...(await examineHost(config, nowMs))]
}

async function examineHost(config: HostConfig, nowMs: number): Promise<Checked[]> {
  let node: NodeKey | undefined
  let state: HostState | undefined
  const checks = [
    await look('disk', () => checkDisk(config.state_file)),
    await look('key', async () => {
      node = await loadNodeKey(config.key_file)
      return config.mode === 'local'
        ? ok('None is needed in mode local.')
        : checkKey(config.key_file, node)
    }),
    await look('enrolment', async () => {
      state = await readState(config.state_file)
      return config.mode === 'local'
        ? ok('None is needed in mode local.')
        : checkEnrolment(state, node)
    }),
  ]
  const [identity, machine, route] = await Promise.all([
    examineIdentity(config, { node, state, nowMs }),
    examineMachine(config, state),
    examineRoute(config, { node, state, nowMs }),
  ])
  return [...checks, ...identity, ...machine, ...route]
}

type Known = { readonly node: NodeKey | undefined; readonly state: HostState | undefined }

async function examineIdentity(
  config: HostConfig,
  { node, state, nowMs }: Known & { readonly nowMs: number },
): Promise<Checked[]> {
  const enrolment = state?.enrolment
  const url = config.ingest_url ?? enrolment?.ingest_url
  if (url === undefined || node === undefined || config.mode === 'local') return []
  const serverClock = makeServerClock(systemClock)
  const makeClient = () =>
    makeControlPlane({
      ...node,
      ingestUrl: checkedIngestUrl(url),
      clock: systemClock,
      serverClock,
    })
  const ingest = await look('ingest', async () => {
    const answer = await makeClient().challenge()
    return checkIngest(answer, { url, offsetMs: serverClock.offsetMs() })
  })
  const approval = await look('approval', async () =>
    enrolment
      ? checkApproval(await makeClient().earnings(enrolment.stage))
      : skipped('Not enrolled.'),
  )
  const keys = await look('operator keys', () =>
    state ? checkOperatorKeys(state, nowMs + state.clock_offset_ms) : skipped('Not enrolled.'),
  )
  return [ingest, approval, keys]
}

async function examineMachine(
  config: HostConfig,
  state: HostState | undefined,
): Promise<Checked[]> {
  const [monitor, gpu, tunnel] = await Promise.all([
    lookAtRuntimes(config, rememberedDigests(state?.hashed_files ?? [])),
    look('gpu', async () => checkGpu(await makeGpuQuery(makeSmi())())),
    look('tunnel', () => examineTunnel(config)),
  ])
  const models = monitor.models()
  const runtimes = await Promise.all(
    monitor.reports().map((report) =>
      look(`runtime ${report.id}`, () =>
        checkRuntime(report, {
          url: config.runtimes.find(({ id }) => id === report.id)?.url ?? '',
          models: models.filter(({ runtime_id }) => runtime_id === report.id),
        }),
      ),
    ),
  )
  return [gpu, ...runtimes, tunnel]
}

async function examineTunnel({ route }: HostConfig): Promise<Finding> {
  if (route?.kind !== 'cloudflared_named') return checkTunnel('', undefined)
  const program = route.program ?? 'cloudflared'
  return checkTunnel(program, await makeProgram(program, versionLimitMs)(['--version']))
}

async function examineRoute(
  config: HostConfig,
  { node, state, nowMs }: Known & { readonly nowMs: number },
): Promise<Checked[]> {
  const { listen } = config
  const nonce = randomUUID()
  const local =
    node && listen.port !== 0
      ? await probeRoute(localUrl(config), { node, nonce, anyCertificate: true })
      : undefined
  const port = await look('port', () => checkPort(config, local?.probed))
  if (config.mode === 'local') return [port]
  const publicUrl = publicUrlOf(config, state)
  // The gateway knows the key of a certificate that is named, and asks nobody else about it.
  const anyCertificate =
    config.route?.kind === 'direct' && config.route.certificate_file !== undefined
  const provenOutside = state && outsideView(state, nowMs)
  const route = await look('route', async () =>
    checkRoute({
      publicUrl,
      isRunning: local?.probed === 'ours' || provenOutside !== undefined,
      probe:
        node && publicUrl
          ? await probeRoute(publicUrl, { node, nonce, anyCertificate })
          : undefined,
      provenOutside,
    }),
  )
  return [port, route]
}

function publicUrlOf({ route }: HostConfig, state: HostState | undefined): string | undefined {
  if (route?.kind === 'direct') return route.url
  const hostName = state?.enrolment?.tunnel?.host_name
  return hostName === undefined ? undefined : `https://${hostName}`
}

/** What the latest reply of the control plane says of its probes; undefined where it is old. */
function outsideView(state: HostState, nowMs: number): boolean | undefined {
  const { last_beat: beat, eligibility, clock_offset_ms: offsetMs } = state
  const isFresh = beat?.code === 'ok' && nowMs + offsetMs - beat.at_ms <= freshMsMax
  if (!isFresh || eligibility.length === 0) return undefined
  return eligibility.every(({ gates }) => gates.route)
}
