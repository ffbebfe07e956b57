/** What requests use of the database, for the suite and for the tests that guard it: counts alone, no times. */
import { walletKey } from '../../../src/adapters/dynamodb/items/wallet-item.ts'
import { chatPath, chatRequest } from '../../../test/support/chat-client.ts'
import type { Call } from '../../cost/meter.ts'
import type { Ask } from './asks.ts'
import { readStoredBytes } from './item-size.ts'
import { openStreams, type Shop } from './shop.ts'
import type { Gateway, Stand, Use } from './stand.ts'

export type ColdAndWarm = { readonly cold: Use; readonly warm: Use }

export async function measureAsk(stand: Stand, { send }: Ask): Promise<ColdAndWarm> {
  const ask = async (gateway: Gateway): Promise<void> => {
    const response = await send(gateway)
    const text = await response.text()
    if (!response.ok) throw new Error(`refused with ${response.status}: ${text}`)
  }
  // Files that are loaded at their first use would tear apart what runs beside each other.
  await ask(await stand.newGateway())
  const gateway = await stand.newGateway()
  const cold = await stand.use(() => ask(gateway))
  const warm = await stand.use(() => ask(gateway))
  return { cold, warm }
}

export type AtHolds = {
  readonly use: Use
  /** Of the wallet while the holds are open. */
  readonly walletBytes: number
}

/** A chat request, warm, of a customer of whom so many others run. */
export async function measureAtHolds(
  stand: Stand,
  { models, newCustomer }: Shop,
  openHolds: number,
): Promise<AtHolds> {
  const { bench } = stand
  const customer = await newCustomer()
  const gateway = await stand.newGateway()
  const ask = async (): Promise<void> => {
    const asked = chatRequest(customer, { model: models.text.id, stream: true })
    const response = await gateway.request(chatPath, asked)
    const text = await response.text()
    if (!text.endsWith('data: [DONE]\n\n')) throw new Error(`no whole answer: ${text.slice(-300)}`)
  }
  await ask()
  const { end } = await openStreams(stand, { customer, count: openHolds })
  try {
    const use = await stand.use(ask)
    const of = { table: bench.tables.balances, key: walletKey(customer.key.accountId) }
    return { use, walletBytes: await readStoredBytes(bench.endpoint, of) }
  } finally {
    await end()
  }
}

export const unitsOf = ({ calls }: Pick<Use, 'calls'>, kind: Call['kind']): number =>
  calls.filter((call) => call.kind === kind).reduce((sum, { units }) => sum + units, 0)

export const bytesOf = ({ calls }: Pick<Use, 'calls'>) => ({
  sent: calls.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
  received: calls.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0),
})
