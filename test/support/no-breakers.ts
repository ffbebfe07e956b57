/** For tests in which no host fails twice, or nobody asks whether it did. */
import type { BreakerStore } from '../../src/routing/ports.ts'

export const noBreakers: BreakerStore = {
  countFailure: async () => undefined,
  takeTrial: async () => 'trial',
  close: async () => undefined,
  giveBack: async () => undefined,
}
