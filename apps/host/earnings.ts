/** What the node has earned, as the operator's books say. */
import type { EarningsReply } from '../../src/protocol/late-claims.ts'
import { openControlPlane } from './open-control-plane.ts'
import { StatedError } from './stated-error.ts'

/** Throws a StatedError where the host is not enrolled or ingest does not tell. */
export async function earnings(configPath: string): Promise<string> {
  const { controlPlane, enrolment } = await openControlPlane(configPath)
  const answer = await controlPlane.earnings(enrolment.stage)
  if (!answer.ok) {
    const { code, message } = answer.error
    throw new StatedError(`The operator did not tell (${code}): ${message}`)
  }
  return earningsText(answer.value)
}

export function earningsText({ earnings: sums, escrowed_claims, payouts }: EarningsReply): string {
  return [
    `Earned and not yet due    ${sums.accrued_usd} USD`,
    `Payable                   ${sums.payable_usd} USD`,
    `On its way                ${sums.in_transit_usd} USD`,
    `Paid                      ${sums.paid_usd} USD`,
    `Taken back                ${sums.clawed_back_usd} USD`,
    `Late claims that wait     ${sums.escrowed_usd} USD`,
    ...escrowed_claims.map(
      ({ ticket_hash, amount_usd, payable_at }) =>
        `  ${ticket_hash?.slice(0, 16) ?? '?'}  ${amount_usd ?? '?'} USD, payable ${payable_at ?? '?'}`,
    ),
    ...(payouts.length === 0 ? ['No payout yet.'] : ['Payouts']),
    ...payouts.map(({ period, amount_usd, state }) => `  ${period}  ${amount_usd} USD  ${state}`),
  ].join('\n')
}
