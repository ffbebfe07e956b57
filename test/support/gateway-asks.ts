/** One chat request of a new customer to scripted hosts, and what its receipt says of its way. */
import { askChat } from './chat-client.ts'
import type { BenchChanges, Customer, GatewayBench } from './gateway-bench.ts'
import type { Script } from './host-answers.ts'
import { sleepShortened } from './sleep-shortened.ts'

/** The bench starts after the tests are declared, so it is asked for at each use. */
export const asksOf = (bench: () => GatewayBench) => ({
  /** Waits for a silent host are 30 s, for headers 10 s; here they are shorter. */
  impatient: (): BenchChanges => {
    const { dialer } = bench()
    return {
      sleep: sleepShortened({ 30000: 250 }),
      dialer: {
        ...dialer,
        post: (order) => dialer.post({ ...order, headersTimeoutMs: 250 }),
      },
    }
  },
  ask: async (scripts: readonly Script[], stream: boolean, changes: BenchChanges = {}) => {
    const sale = await bench().sale(scripts)
    const customer = await bench().customer()
    const app = bench().appOf(changes)
    const response = await askChat(app, customer, { model: sale.model.id, stream })
    return { sale, customer, response }
  },
  /** Of the customer's only receipt. */
  wayOf: async (customer: Customer) => {
    const { body, private: part } = await bench().onlyReceipt(customer)
    return {
      result: body.result,
      chargeUsd: body.charge.charge_usd,
      attempts: part.attempts.map(({ node_id, outcome }) => [node_id, outcome]),
    }
  },
})
