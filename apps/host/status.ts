/** `b3iq-host status`: whether this node earns and what to do, for people or as JSON. */
import { readConfig } from './config.ts'
import { readState } from './state-file.ts'
import { lookAround } from './status/look.ts'
import { exitCodes, statusReport } from './status/report.ts'
import { statusText } from './status/text.ts'

/** What a command prints, and what the process ends with. */
export type Printed = { readonly text: string; readonly exitCode: number }

/** Exit code 0: earning, 1: not earning, 2: not enrolled. Throws a StatedError for a bad config. */
export async function status(options: {
  readonly configPath: string
  readonly json: boolean
  readonly nowMs: number
}): Promise<Printed> {
  const config = await readConfig(options.configPath)
  const state = await readState(config.state_file)
  const look = await lookAround(config, state)
  const report = statusReport({ config, state, look }, options.nowMs)
  return {
    text: options.json ? JSON.stringify(report, null, 2) : statusText(report),
    exitCode: exitCodes[report.answer],
  }
}
