/** What is known of the node's past, event by event, as the operator's records say. */
import type { WireReputation } from '../../src/protocol/reputation.ts'
import { openControlPlane } from './open-control-plane.ts'
import { StatedError } from './stated-error.ts'
import { textTable } from './text-table.ts'

/** Throws a StatedError where the host is not enrolled or ingest does not tell. */
export async function reputation(configPath: string): Promise<string> {
  const { controlPlane, enrolment } = await openControlPlane(configPath)
  const answer = await controlPlane.reputation(enrolment.stage)
  if (!answer.ok) {
    const { code, message } = answer.error
    throw new StatedError(`The operator did not tell (${code}): ${message}`)
  }
  return reputationText(answer.value.reputation)
}

export function reputationText(known: WireReputation): string {
  const respects = (['delivery', 'integrity', 'accounting'] as const).map((name) => {
    const { lower_bound, good, bad } = known[name]
    const isKnown = good + bad > 0
    return [name, isKnown ? lower_bound.toFixed(2) : 'unknown', good.toFixed(1), bad.toFixed(1)]
  })
  const events = known.events.map(({ at, is_good, count, message }) => [
    at.slice(0, 16).replace('T', ' '),
    is_good ? '+' : '-',
    `${count} x`,
    message,
  ])
  return [
    `Score ${known.score.toFixed(2)} of 1, after ${known.paid_requests} paid requests of others.`,
    ...textTable(['', 'counts as', 'good', 'bad'], respects),
    ...(events.length === 0 ? ['Nothing has moved it yet.'] : ['', 'Latest events']),
    ...textTable(['UTC', '', '', ''], events),
  ].join('\n')
}
