/** Join codes and heartbeats go to ingest in the clear only within one machine. */
import { StatedError } from './stated-error.ts'

const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']

/** Throws a StatedError for an address that no agent should trust. */
export function checkedIngestUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSafe =
    url?.protocol === 'https:' ||
    (url?.protocol === 'http:' && loopbackHosts.includes(url.hostname))
  if (!isSafe) {
    throw new StatedError(`The ingest URL ${text} must be https, or http on this machine.`)
  }
  return text
}
