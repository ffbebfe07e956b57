/** The GPU, the runtimes and the program of the tunnel, as they are on this machine now. */
import type { InventoryModel, RuntimeReport } from '../../../src/protocol/heartbeat.ts'
import type { ProgramOutput } from '../bounded-program.ts'
import type { GpuSights } from '../gpu/gpu-query.ts'
import { blocked, type Finding, ok, skipped, warning } from './check.ts'

export function checkGpu(sights: GpuSights): Finding {
  if (!sights.ok) {
    return sights.reason === 'missing'
      ? warning(
          'There is no nvidia-smi.',
          'Install the driver, unless this machine has no NVIDIA GPU.',
        )
      : warning(
          sights.reason === 'timeout' ? 'nvidia-smi hangs.' : 'nvidia-smi fails.',
          'Restart the machine: the driver was updated under way, or a card has stopped.',
        )
  }
  const [first] = sights.gpus
  if (first === undefined) {
    return warning('The driver sees no GPU.', 'Check that the card has power and is seated.')
  }
  const names = sights.gpus.map(({ report }) => report.name ?? report.uuid)
  return ok(`${names.join(', ')}; driver ${first.driver ?? 'unknown'}.`)
}

export function checkRuntime(
  report: RuntimeReport,
  { url, models }: { readonly url: string; readonly models: readonly InventoryModel[] },
): Finding {
  const name = report.version === 'unknown' ? report.kind : `${report.kind} ${report.version}`
  const { health, reason } = report.queue
  if (!report.reachable) {
    return blocked(`Nothing known answers at ${url}.`, 'Start the runtime, or correct its url.')
  }
  if (health === 'unhealthy' || health === 'blocked') {
    return blocked(`${name} at ${url} is ${health}.`, reason ?? 'Restart it.')
  }
  if (models.length === 0) {
    return report.loaded.length === 0
      ? blocked(`${name} at ${url} has no model.`, 'Install one.')
      : warning(
          `${name} at ${url} serves a file that is not hashed yet.`,
          'Start the agent: it hashes the file once, which may take minutes.',
        )
  }
  const hashed = models.filter(({ artifact }) => artifact.digest.startsWith('sha256:')).length
  const identity =
    hashed === models.length
      ? 'all known by the hash of their bytes'
      : `${models.length - hashed} known by name alone`
  return ok(`${name} at ${url} is ${health} with ${models.length} model(s), ${identity}.`)
}

/** `output` of the program asked for its version; undefined where none is needed. */
export function checkTunnel(program: string, output: ProgramOutput | undefined): Finding {
  if (output === undefined) return skipped('The route is direct: no tunnel is needed.')
  if (output.ok) return ok(`${output.text.split('\n')[0]?.trim() || program} is installed.`)
  return output.reason === 'missing'
    ? blocked(
        `There is no program ${program}.`,
        'Install cloudflared, or name it in route.program.',
      )
    : blocked(`${program} does not tell its version.`, 'Install it anew.')
}
