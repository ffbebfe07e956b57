/** What the owner wants to know: does this node earn, and if not, what is to be done. */
import { readConfig } from './config.ts'
import { type HostState, readState } from './state-file.ts'
import { StatedError } from './stated-error.ts'

/** Throws a StatedError where the host is not enrolled. */
export async function status(configPath: string, nowMs: number): Promise<string> {
  const config = await readConfig(configPath)
  return statusText(await readState(config.state_file), nowMs)
}

export function statusText(state: HostState, nowMs: number): string {
  const { enrolment, last_beat: beat, eligibility } = state
  if (enrolment === null) {
    throw new StatedError('This host is not enrolled: run b3iq-host enroll with a join code first.')
  }
  const serverNowMs = nowMs + state.clock_offset_ms
  return [
    `${enrolment.alias} (${enrolment.node_id}) in stage ${enrolment.stage}`,
    beat === null
      ? 'No heartbeat was sent yet: start the agent with b3iq-host run.'
      : `Last heartbeat ${ageText(serverNowMs - beat.at_ms)} ago: ${beatText(beat)}`,
    ...(eligibility.length === 0 ? ['No profile of this node is known to the operator.'] : []),
    ...eligibility.flatMap((profile) => [
      `${profile.profile_id} for ${profile.model}: ${profile.eligible ? 'eligible' : 'not eligible'}`,
      ...profile.blockers.map(({ gate, code, message }) => `  ${gate}: ${code}. ${message}`),
    ]),
  ].join('\n')
}

function beatText({ code, message }: { readonly code: string; readonly message: string }): string {
  return code === 'ok' ? 'accepted' : `${code}. ${message}`
}

function ageText(ageMs: number): string {
  const seconds = Math.max(0, Math.round(ageMs / 1000))
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
