/** What the gateway hears when the runtime gave no answer: that, and its status, but not its words. */
import type { Refusal } from './replies.ts'

/** By these a runtime says that the request itself is wrong: with it nobody would fare better. */
const invalidRequest = [400, 413, 422]

export function runtimeError(status?: number): Refusal {
  if (status !== undefined && invalidRequest.includes(status)) {
    return {
      status: 400,
      code: 'runtime_rejected',
      message: `The runtime rejected the request with status ${status}.`,
    }
  }
  return {
    status: 502,
    code: 'runtime_error',
    message:
      status === undefined
        ? 'The runtime did not give a usable reply.'
        : `The runtime answered with status ${status}.`,
  }
}
