/** The key, the enrolment, and what the control plane says of both. */
import type { Answer } from '../control-plane.ts'
import type { NodeKey } from '../node-key.ts'
import { keysInForce } from '../operator-keys.ts'
import type { HostState } from '../state-file.ts'
import { blocked, type Finding, ok, skipped, warning } from './check.ts'

const enrolTodo = 'Run b3iq-host enroll with a join code of the operator.'

export function checkKey(keyFile: string, node: NodeKey | undefined): Finding {
  return node === undefined
    ? blocked(`${keyFile} is not there yet.`, enrolTodo)
    : ok(`${keyFile} is readable by its owner alone and makes ${node.nodeId}.`)
}

export function checkEnrolment(state: HostState, node: NodeKey | undefined): Finding {
  const { enrolment } = state
  if (enrolment === null) return blocked('The host is not enrolled.', enrolTodo)
  if (node !== undefined && node.nodeId !== enrolment.node_id) {
    return blocked(
      `The key makes ${node.nodeId}, enrolled is ${enrolment.node_id}.`,
      'Put the key of the enrolled node back, or enrol this one with a new join code.',
    )
  }
  return ok(`${enrolment.alias} in stage ${enrolment.stage} at ${enrolment.ingest_url}.`)
}

/** Whether what the operator publishes now follows from what this host trusts. */
export function checkOperatorKeys({ enrolment }: HostState, nowMs: number): Finding {
  if (enrolment === null) return skipped('Not enrolled.')
  const { learned_keys: learned } = enrolment
  if (learned === undefined) return skipped('The first accepted beat brings them.')
  if (learned.refused !== null) {
    return warning(
      `Those that ${enrolment.ingest_url} publishes were not taken (${learned.refused}): what this host trusts does not lead to keys in use.`,
      'Ask the operator whether the keys of the stage were made anew; only then enrol again.',
    )
  }
  const { ticket_roots: roots, job_keys: jobKeys } = keysInForce(enrolment, nowMs)
  return ok(`Ticket roots: ${roots.length}; job keys: ${jobKeys.length}.`)
}

const offsetMsComfort = 30_000

/** `answer` of any call whose reply tells the server's time. */
export function checkIngest(
  answer: Answer<unknown>,
  { url, offsetMs }: { readonly url: string; readonly offsetMs: number },
): Finding {
  if (!answer.ok && ['unreachable', 'bad_reply'].includes(answer.error.code)) {
    return blocked(
      `${url}: ${answer.error.message}`,
      'Check the address, the network and what a firewall lets out on port 443.',
    )
  }
  const found = `${url} answers; this clock is ${Math.abs(Math.round(offsetMs / 1000))} s ${offsetMs < 0 ? 'ahead' : 'behind'}.`
  return Math.abs(offsetMs) > offsetMsComfort
    ? warning(found, 'Switch on time synchronisation (NTP); the agent corrects for it meanwhile.')
    : ok(found)
}

/** `answer` of a signed call that only nodes in good standing may make. */
export function checkApproval(answer: Answer<unknown>): Finding {
  if (answer.ok) return ok('The operator knows this node and takes its word.')
  const { code, message } = answer.error
  switch (code) {
    case 'pending_approval':
      return blocked('The node waits for approval.', 'Tell the operator the alias of this node.')
    case 'unknown_node':
      return blocked('The operator does not know this node.', enrolTodo)
    case 'unreachable':
    case 'bad_reply':
      return skipped('Not known while ingest does not answer.')
    default:
      return blocked(`The operator refuses this node (${code}): ${message}`, 'Ask the operator.')
  }
}
