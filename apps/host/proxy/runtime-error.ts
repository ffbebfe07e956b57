/** What the gateway hears when the runtime failed: that it did, and its status, but not its words. */
import type { Refusal } from './replies.ts'

export function runtimeError(status?: number): Refusal {
  return {
    status: 502,
    code: 'runtime_error',
    message:
      status === undefined
        ? 'The runtime did not give a usable reply.'
        : `The runtime answered with status ${status}.`,
  }
}
